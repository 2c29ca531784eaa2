// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"slices"
	"strings"

	"mach/fhir"
)

// The interactions on every type, and on the system. [Module.route] has one case
// for each; the test walks both.
var (
	interactions  = []string{"read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create", "search-type"}
	systemActions = []string{"transaction", "batch", "search-system", "history-system"}
)

var kinds = map[fhir.ParamKind]string{
	fhir.ParamToken: "token", fhir.ParamReference: "reference", fhir.ParamString: "string", fhir.ParamURI: "uri",
	fhir.ParamDate: "date", fhir.ParamNumber: "number", fhir.ParamQuantity: "quantity", fhir.ParamComposite: "composite", fhir.ParamSpecial: "special",
}

// statement is a CapabilityStatement.
type statement struct {
	ResourceType   string         `json:"resourceType"`
	Status         string         `json:"status"`
	Date           string         `json:"date"`
	Kind           string         `json:"kind"`
	Software       map[string]any `json:"software"`
	Implementation map[string]any `json:"implementation"`
	FHIRVersion    string         `json:"fhirVersion"`
	Format         []string       `json:"format"`
	PatchFormat    []string       `json:"patchFormat"`
	Rest           []any          `json:"rest"`
}

// capability describes what this server does, from the tables that do it.
func (m *Module) capability(base string) *fhir.Doc {
	var resources []any
	rest := map[string]any{}
	if able := operationsOn(""); len(able) > 0 {
		rest["operation"] = able
	}
	referring := m.referring()
	for _, typ := range fhir.Types() {
		one := m.capabilityOf(typ)
		one["searchRevInclude"] = append(referring[""], referring[typ]...)
		resources = append(resources, one)
	}
	rest["mode"] = "server"
	rest["security"] = security(strings.TrimSuffix(base, Base))
	rest["resource"] = resources
	rest["interaction"] = coded(systemActions)
	rest["compartment"] = fhir.Compartments()
	return fhir.MustNew(statement{
		ResourceType: "CapabilityStatement", Status: "active", Date: instant(m.started), Kind: "instance", FHIRVersion: "4.0.1",
		Software:       map[string]any{"name": "Mạch"},
		Implementation: map[string]any{"description": "Mạch", "url": base},
		Format:         []string{"json", jsonType},
		PatchFormat:    []string{patchType, jsonType},
		Rest:           []any{rest},
	})
}

// params are the parameters that one may search a type by.
func (m *Module) params(typ string) []fhir.Param {
	return append(fhir.Params(typ), m.store.OwnParams(typ)...)
}

// referring lists, by type, the references by which resources may point to one of
// that type, as _revinclude takes them; those under "" to any.
func (m *Module) referring() map[string][]string {
	to := map[string][]string{}
	for _, typ := range fhir.Types() {
		for _, p := range m.params(typ) {
			if p.Kind != fhir.ParamReference {
				continue
			}
			targets := p.Targets
			if len(targets) == 0 || slices.Contains(targets, "Resource") {
				targets = []string{""}
			}
			for _, t := range targets {
				to[t] = append(to[t], typ+":"+p.Code)
			}
		}
	}
	to[""] = slices.Clip(to[""])
	return to
}

func (m *Module) capabilityOf(typ string) map[string]any {
	var params, includes []any
	for _, p := range []struct{ code, kind string }{
		{"_id", "token"}, {"_lastUpdated", "date"}, {"_profile", "uri"}, {"_security", "token"}, {"_source", "uri"}, {"_tag", "token"},
		{"_list", "string"}, {"_text", "string"}, {"_content", "string"},
	} {
		params = append(params, map[string]any{"name": p.code, "type": p.kind})
	}
	for _, p := range m.params(typ) {
		kind, ok := kinds[p.Kind]
		if !ok || p.Code[0] == '_' {
			continue
		}
		one := map[string]any{"name": p.Code, "type": kind}
		if p.URL != "" {
			one["definition"] = p.URL
		}
		params = append(params, one)
		if p.Kind == fhir.ParamReference {
			includes = append(includes, typ+":"+p.Code)
		}
	}
	deletes := "single"
	if m.deletes > 1 {
		deletes = "multiple"
	}
	r := map[string]any{
		"type": typ, "interaction": coded(interactions), "versioning": "versioned", "readHistory": true, "updateCreate": true,
		"conditionalCreate": true, "conditionalRead": "full-support", "conditionalUpdate": true, "conditionalDelete": deletes,
		"searchParam": params,
	}
	if able := operationsOn(typ); len(able) > 0 {
		r["operation"] = able
	}
	if len(includes) > 0 {
		r["searchInclude"] = includes
	}
	return r
}

func coded(codes []string) []any {
	var list []any
	for _, code := range codes {
		list = append(list, map[string]any{"code": code})
	}
	return list
}

// security says how applications come in: SMART App Launch, whose addresses stand
// here for those who do not read .well-known/smart-configuration.
func security(root string) map[string]any {
	uri := func(name string) map[string]any {
		return map[string]any{"url": name, "valueUri": root + "/smart/" + name}
	}
	return map[string]any{
		"cors":        true, // for the origins of registered applications
		"service":     []fhir.CodeableConcept{fhir.Code("http://terminology.hl7.org/CodeSystem/restful-security-service", "SMART-on-FHIR", "")},
		"description": "Bearer tokens (RFC 6750). Scopes are those of SMART on FHIR 2.",
		"extension": []any{map[string]any{
			"url":       "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
			"extension": []any{uri("authorize"), uri("token"), uri("introspect"), uri("revoke")},
		}},
	}
}

// operationsOn lists the operations of a type, or of the system for "".
func operationsOn(typ string) []any {
	var able []any
	for _, o := range operations() {
		here := o.level&onSystem != 0 || o.on != nil && !fhir.IsType(o.on[0]) // what is no type of R4 has no line of its own
		if typ != "" {
			here = o.level&(onType|onInstance) != 0 && (o.on == nil || slices.Contains(o.on, typ))
		}
		if here {
			able = append(able, map[string]any{"name": o.name, "definition": o.url()})
		}
	}
	return able
}
