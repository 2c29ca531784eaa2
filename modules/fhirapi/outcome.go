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

// outcome writes issues as an OperationOutcome. Internal failures keep their
// text to themselves.
func outcome(issues []issue.Issue, say words) *fhir.Doc {
	list := make([]any, len(issues))
	for i, is := range issues {
		one := map[string]any{
			"severity": string(is.Severity),
			"code":     codeOf(is.Code),
			"details": map[string]any{
				"coding": []any{map[string]any{"system": systemMessage, "code": is.Key}},
				"text":   say(is),
			},
		}
		if is.Path != "" {
			one["expression"] = []any{is.Path}
		}
		list[i] = one
	}
	return fhir.MustNew(map[string]any{"resourceType": "OperationOutcome", "issue": list})
}

// codeOf is the code of the value set issue-type; our Precondition, which has
// an HTTP status of its own, is a conflict there.
func codeOf(c issue.Code) string {
	if c == issue.Precondition {
		return string(issue.Conflict)
	}
	return string(c)
}

// allOK is the outcome of what went well.
func allOK(say words) *fhir.Doc {
	return outcome([]issue.Issue{{Severity: issue.SeverityInfo, Code: issue.Informative, Key: "fhirapi.ok"}}, say)
}
