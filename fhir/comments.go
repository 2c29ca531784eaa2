// SPDX-License-Identifier: Apache-2.0

package fhir

import "bytes"

// Uncomment returns JSON text with spaces in place of comments (// to the end
// of the line, and /* to */ ), so that lines and columns stay what they were.
// FHIR has no comments: this is for files that people write by hand.
func Uncomment(text []byte) []byte {
	out := bytes.Clone(text)
	for i := 0; i < len(out); i++ {
		switch {
		case out[i] == '"':
			for i++; i < len(out) && out[i] != '"'; i++ {
				if out[i] == '\\' {
					i++
				}
			}
		case bytes.HasPrefix(out[i:], []byte("//")):
			i = blank(out, i, len(out)-i-len(afterLine(out[i:])))
		case bytes.HasPrefix(out[i:], []byte("/*")):
			if end := bytes.Index(out[i+2:], []byte("*/")); end >= 0 {
				i = blank(out, i, end+4)
			}
		}
	}
	return out
}

// afterLine is what follows the first line, from its end.
func afterLine(text []byte) []byte {
	if end := bytes.IndexAny(text, "\r\n"); end >= 0 {
		return text[end:]
	}
	return nil
}

// blank writes spaces over n bytes from i, but for ends of lines, and returns
// the last place.
func blank(text []byte, i, n int) int {
	for at := i; at < i+n; at++ {
		if c := text[at]; c != '\n' && c != '\r' {
			text[at] = ' '
		}
	}
	return i + n - 1
}
