// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"mach/fhir"
	"mach/issue"
)

// systemMessage is the code system of message keys: the rule that was broken,
// the same in every language.
const systemMessage = "https://mach.vn/cs/message"

// words puts an issue into the reader's language.
type words func(issue.Issue) string

// report is an OperationOutcome.
type report struct {
	ResourceType string   `json:"resourceType"`
	Issue        []remark `json:"issue"`
}

type remark struct {
	Severity   string               `json:"severity"`
	Code       string               `json:"code"`
	Details    fhir.CodeableConcept `json:"details"`
	Expression []string             `json:"expression,omitempty"`
}

// outcome writes issues as an OperationOutcome. Internal failures keep their
// text to themselves.
func outcome(issues []issue.Issue, say words) *fhir.Doc {
	r := report{ResourceType: "OperationOutcome"}
	for _, is := range issues {
		one := remark{Severity: string(is.Severity), Code: codeOf(is.Code), Details: fhir.Code(systemMessage, is.Key, "")}
		one.Details.Text = say(is)
		if is.Path != "" {
			one.Expression = []string{is.Path}
		}
		r.Issue = append(r.Issue, one)
	}
	return fhir.MustNew(r)
}

// codeOf is the code of the value set issue-type; our Precondition, which has
// an HTTP status of its own, is a conflict there.
func codeOf(c issue.Code) string {
	if c == issue.Precondition {
		return string(issue.Conflict)
	}
	return string(c)
}
