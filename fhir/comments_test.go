// SPDX-License-Identifier: Apache-2.0

package fhir

import "testing"

func TestUncomment(t *testing.T) {
	for in, want := range map[string]string{
		"{}":                        "{}",
		"// a\n{}":                  "    \n{}",
		"{} // a":                   "{}     ",
		"{/* a\nb */}":              "{    \n    }",
		`{"a":"http://x"}`:          `{"a":"http://x"}`,
		`{"a":"\"//x"} // "y`:       `{"a":"\"//x"}      `,
		`{"a":"/* no */"}`:          `{"a":"/* no */"}`,
		"{/* never closed":          "{/* never closed",
		"{} / ":                     "{} / ",
		"{\"a\": 1, // one\r\n}":    "{\"a\": 1,       \r\n}",
		"{\"never closed // x\\":    "{\"never closed // x\\",
		"/**/{}//":                  "    {}  ",
		"{\"a\":1/*x*/,\"b\":2}//é": "{\"a\":1     ,\"b\":2}    ",
	} {
		if got := string(Uncomment([]byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
