// SPDX-License-Identifier: Apache-2.0

// Package issue is the one vocabulary of failures that people may see.
//
// An [Error] carries one or more issues. Each has a FHIR issue code, which
// decides the HTTP status, a message key from the catalogue, which decides the
// words, and a path, which decides the field. Any other error is an exception:
// it is logged and shown only as "something went wrong here", never its text.
//
// Values are immutable after creation and safe for concurrent use.
//
//	return issue.New(issue.Invalid, "vaccination.dose.future").At("occurrenceDateTime")
package issue

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Code is a code of the FHIR R4 value set issue-type.
type Code string

// The codes in use. See http://hl7.org/fhir/R4/valueset-issue-type.html.
const (
	Invalid      Code = "invalid"
	Structure    Code = "structure"
	Required     Code = "required"
	Value        Code = "value"
	Invariant    Code = "invariant"
	CodeInvalid  Code = "code-invalid"
	Login        Code = "login"
	Expired      Code = "expired"
	Forbidden    Code = "forbidden"
	NotSupported Code = "not-supported"
	Duplicate    Code = "duplicate"
	MultipleHits Code = "multiple-matches"
	NotFound     Code = "not-found"
	Deleted      Code = "deleted"
	TooLong      Code = "too-long"
	BusinessRule Code = "business-rule"
	Conflict     Code = "conflict"
	Precondition Code = "precondition"
	Exception    Code = "exception"
	Timeout      Code = "timeout"
	Throttled    Code = "throttled"
	TooCostly    Code = "too-costly"
	Informative  Code = "informational"
)

// Severity is a code of the FHIR R4 value set issue-severity.
type Severity string

// The severities. Only SeverityError and SeverityFatal refuse a write.
const (
	SeverityFatal   Severity = "fatal"
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
	SeverityInfo    Severity = "information"
)

// Issue is one thing that is wrong, or worth a warning.
type Issue struct {
	Severity Severity
	Code     Code
	// Key names the message in the catalogue, such as "personal_id.format".
	Key string
	// Args fill the message's {0}, {1} … in order.
	Args []any
	// Path names the field: a FHIRPath such as "Patient.name[0].family", or
	// the name of a form field. Empty when the whole input is meant.
	Path string
}

// Error is a list of issues, at least one. It matches [errors.As].
type Error struct {
	Issues []Issue
	// Retry is the number of seconds after which trying again makes sense;
	// zero when it does not.
	Retry int
}

// New returns an error of one issue with severity error.
func New(code Code, key string, args ...any) *Error {
	return &Error{Issues: []Issue{{Severity: SeverityError, Code: code, Key: key, Args: args}}}
}

// List returns an error of the given issues, or nil when none of them is an
// error or fatal.
func List(issues []Issue) error {
	for _, i := range issues {
		if i.Severity == SeverityError || i.Severity == SeverityFatal {
			return &Error{Issues: issues}
		}
	}
	return nil
}

// At returns a copy of the error whose issues without a path are at path.
func (e *Error) At(path string) *Error {
	c := *e
	c.Issues = make([]Issue, len(e.Issues))
	copy(c.Issues, e.Issues)
	for i := range c.Issues {
		if c.Issues[i].Path == "" {
			c.Issues[i].Path = path
		}
	}
	return &c
}

// Error gives codes, keys and paths for logs; never arguments, which may hold
// personal data.
func (e *Error) Error() string {
	parts := make([]string, len(e.Issues))
	for i, is := range e.Issues {
		parts[i] = fmt.Sprintf("%s %s", is.Code, is.Key)
		if is.Path != "" {
			parts[i] += " at " + is.Path
		}
	}
	return strings.Join(parts, "; ")
}

// Of returns the issues of err, or one exception when err is not an [Error].
// It returns nil for nil.
func Of(err error) []Issue {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Issues
	}
	return []Issue{{Severity: SeverityFatal, Code: Exception, Key: "issue.exception"}}
}

// Is reports whether the first issue of err has the given code.
func Is(err error, code Code) bool {
	is := Of(err)
	return len(is) > 0 && is[0].Code == code
}

// Status returns the HTTP status of err: that of its first issue, 200 for nil.
func Status(err error) int {
	is := Of(err)
	if len(is) == 0 {
		return http.StatusOK
	}
	if s, ok := status[is[0].Code]; ok {
		return s
	}
	return http.StatusInternalServerError
}

var status = map[Code]int{
	Invalid: 400, Structure: 400, Required: 422, Value: 422, Invariant: 422, CodeInvalid: 422,
	Login: 401, Expired: 401, Forbidden: 403, NotSupported: 404, Duplicate: 409, MultipleHits: 412,
	NotFound: 404, Deleted: 410, TooLong: 413, BusinessRule: 422, Conflict: 409, Precondition: 412,
	Exception: 500, Timeout: 503, Throttled: 429, TooCostly: 403, Informative: 200,
}
