// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"
	"time"

	"mach/fhir"
	"mach/issue"
)

// Terminology knows what value sets hold and how codes stand above each other.
type Terminology interface {
	// Codes lists what a modifier of a token stands for, as {system, code}:
	// "in" those of the value set whose URL is code, "below" and "above" those
	// that the code subsumes or is subsumed by, itself among them. What is not
	// loaded is an error, not an empty list.
	Codes(relation, system, code string) ([][2]string, error)
}

// vocabulary is what the words of a query mean to this store at this time. The
// zero value knows R4 alone.
type vocabulary struct {
	now   time.Time
	terms Terminology
	own   *ownParams // those of SearchParameter resources; nil = none
	early bool       // also those whose rows are not all written yet, of the resource asked for
}

func (s *Store) vocabulary() *vocabulary {
	return &vocabulary{now: s.cfg.Now(), terms: s.cfg.Terminology, own: s.own.Load()}
}

// codes asks the terminology.
func (v *vocabulary) codes(relation, system, code string) ([][2]string, error) {
	if v.terms == nil {
		return nil, issue.New(issue.NotSupported, "search.terms.none", relation)
	}
	return v.terms.Codes(relation, system, code)
}

// The parameters that no path of a definition leads to.
const (
	paramText    = "_text"
	paramContent = "_content"
	paramList    = "_list"
)

// metaParams are the parameters of every type.
var metaParams = []fhir.Param{
	{Code: paramID, Kind: fhir.ParamToken}, {Code: paramUpdated, Kind: fhir.ParamDate}, {Code: "_tag", Kind: fhir.ParamToken},
	{Code: "_security", Kind: fhir.ParamToken}, {Code: "_profile", Kind: fhir.ParamURI}, {Code: "_source", Kind: fhir.ParamURI},
	{Code: paramText, Kind: fhir.ParamSpecial}, {Code: paramContent, Kind: fhir.ParamSpecial},
}

// lookup finds a search parameter of a type: R4's, then the store's own.
func (v *vocabulary) lookup(typ, code string) (fhir.Param, bool) {
	if len(code) > 0 && code[0] == '_' {
		i := slices.IndexFunc(metaParams, func(p fhir.Param) bool { return p.Code == code })
		if i >= 0 {
			return metaParams[i], true
		}
	}
	if p, ok := fhir.ParamOf(typ, code); ok {
		return p, true
	}
	return v.own.param(typ, code)
}
