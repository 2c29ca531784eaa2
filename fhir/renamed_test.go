// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"testing"

	"mach/fhir"
)

func TestRenamed(t *testing.T) {
	to := map[string]string{"urn:x": "Patient/1", "https://e.org/Patient/2": "Patient/2"}
	for in, want := range map[string]string{
		`{"resourceType":"Basic","a":["urn:x","q\"urn:x","b"],"urn:x":"urn:x","b":"urn:xy"}`:                                                                  `{"resourceType":"Basic","a":["Patient/1","q\"urn:x","b"],"urn:x":"Patient/1","b":"urn:xy"}`,
		`{"resourceType":"Basic","a":"https:\/\/e.org\/Patient\/2"}`:                                                                                          `{"resourceType":"Basic","a":"Patient/2"}`,
		`{"resourceType":"Basic","a":"urn\u003ax","urn:x" : 1}`:                                                                                               `{"resourceType":"Basic","a":"Patient/1","urn:x" : 1}`,
		`{"resourceType":"Basic","text":{"div":"<div title=\"urn:x\"><a href=\"urn:x\">urn:x</a><img src='urn:x' alt=\"\"/><a href=\"urn:xy\">.</a></div>"}}`: `{"resourceType":"Basic","text":{"div":"<div title=\"urn:x\"><a href=\"Patient/1\">urn:x</a><img src='Patient/1' alt=\"\"/><a href=\"urn:xy\">.</a></div>"}}`,
		`{"resourceType":"Basic","a":"b"}`:                                                                                                                    `{"resourceType":"Basic","a":"b"}`,
	} {
		doc, err := fhir.ParseString(in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := doc.Renamed(to)
		if err != nil || got.Text() != want {
			t.Errorf("%s: %v, %v; want %s", in, got, err, want)
		}
	}
}
