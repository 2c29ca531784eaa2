// SPDX-License-Identifier: Apache-2.0

package fhir

import "strings"

// A primitive is one of the primitive types of R4.
type primitive uint8

const (
	notPrimitive primitive = iota
	pBoolean
	pInteger
	pUnsigned
	pPositive
	pDecimal
	pString // and markdown
	pElementID
	pURI // and url, canonical
	pOID
	pUUID
	pID
	pCode
	pBase64
	pDate
	pDateTime
	pInstant
	pTime
	pXHTML
)

var primitives = map[string]primitive{
	"boolean": pBoolean, "integer": pInteger, "unsignedInt": pUnsigned, "positiveInt": pPositive,
	"decimal": pDecimal, "string": pString, "markdown": pString, "uri": pURI, "url": pURI,
	"canonical": pURI, "oid": pOID, "uuid": pUUID, "id": pID, "code": pCode, "base64Binary": pBase64,
	"date": pDate, "dateTime": pDateTime, "instant": pInstant, "time": pTime, "xhtml": pXHTML,
}

// kind returns how JSON carries the type.
func (p primitive) kind() Kind {
	switch p {
	case pBoolean:
		return Bool
	case pInteger, pUnsigned, pPositive, pDecimal:
		return Number
	}
	return String
}

// wellFormed reports whether s has the form that R4 gives the type
// (https://hl7.org/fhir/R4/datatypes.html#primitive).
func (p primitive) wellFormed(s string) bool {
	switch p {
	case pBoolean, pDecimal:
		return true
	case pInteger:
		return isInteger(strings.TrimPrefix(s, "-")) || s == "-2147483648"
	case pUnsigned:
		return isInteger(s)
	case pPositive:
		return isInteger(s) && s != "0"
	case pString:
		return isText(s)
	case pElementID:
		return s != "" && len(s) <= maxText && !strings.ContainsAny(s, whitespace)
	case pURI:
		return s != "" && !strings.ContainsAny(s, whitespace)
	case pOID:
		return isOID(s)
	case pUUID:
		return isUUID(s)
	case pID:
		return isID(s)
	case pCode:
		return isCode(s)
	case pBase64:
		return isBase64(s)
	case pXHTML:
		return true // see narrative
	}
	return p.isTime(s)
}

// example is a value that is well formed, "" for texts.
func (p primitive) example() string {
	switch p {
	case pInteger, pUnsigned, pPositive:
		return "7"
	case pURI:
		return "https://mach.vn/x"
	case pOID:
		return "urn:oid:1.2.840.1"
	case pUUID:
		return "urn:uuid:0193b2f1-0000-7000-8000-000000000003"
	case pID, pElementID:
		return "a-1.2"
	case pCode:
		return "a-code"
	case pBase64:
		return "TeG6oWNo"
	case pDate:
		return "2026-11-22"
	case pDateTime, pInstant:
		return "2026-11-22T08:30:00+07:00"
	case pTime:
		return "08:30:00"
	}
	return ""
}

func (p primitive) isTime(s string) bool {
	if p == pTime {
		_, rest, ok := parseClock(s)
		return ok && rest == ""
	}
	m, ok := parseMoment(s)
	switch p {
	case pDate:
		return ok && m.precision <= day
	case pInstant:
		return ok && m.precision >= second
	}
	return ok
}

// isInteger accepts digits up to 2,147,483,647; JSON allows no leading zero.
func isInteger(s string) bool {
	const largest = "2147483647"
	return allDigits(s) && (len(s) < len(largest) || len(s) == len(largest) && s <= largest)
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return s != ""
}

// maxText is the longest string or markdown that R4 allows, in bytes.
const maxText = 1 << 20

// isText refuses the empty string, control characters and more than 1 MB.
func isText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return s != "" && len(s) <= maxText
}

// isCode accepts words with single spaces between them.
func isCode(s string) bool {
	space := true // before the first word
	for i := range len(s) {
		switch s[i] {
		case ' ':
			if space {
				return false
			}
			space = true
		case '\t', '\n', '\r':
			return false
		default:
			space = false
		}
	}
	return !space
}

func isOID(s string) bool {
	s, ok := strings.CutPrefix(s, "urn:oid:")
	if !ok || s == "" || s[0] < '0' || s[0] > '2' || !strings.Contains(s, ".") {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if !allDigits(part) || len(part) > 1 && part[0] == '0' {
			return false
		}
	}
	return true
}

func isUUID(s string) bool {
	s, ok := strings.CutPrefix(s, "urn:uuid:")
	if !ok || len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if c-'0' > 9 && (c|0x20 < 'a' || c|0x20 > 'f') {
				return false
			}
		}
	}
	return true
}

// isBase64 accepts groups of four characters, with white space anywhere.
func isBase64(s string) bool {
	n, padding := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ' || c == '\n' || c == '\r' || c == '\t':
		case c == '=':
			padding++
			n++
		case c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '+' || c == '/':
			if padding > 0 {
				return false
			}
			n++
		default:
			return false
		}
	}
	return n > 0 && n%4 == 0 && padding <= 2
}
