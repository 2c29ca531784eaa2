// SPDX-License-Identifier: Apache-2.0

package content

import (
	"embed"
	"io/fs"
)

//go:embed policies/*.cedar policies/*.cedarschema policies/*.toml
var policyFiles embed.FS

// Policies returns the access policies: *.cedar in order of name, the schema
// mach.cedarschema, roles.toml (what each role reads, writes and may open),
// parts.toml (which resource types each part of a record means) and crowd.toml (how
// many persons a day an account may be shown by the FHIR interface).
func Policies() fs.FS {
	sub, err := fs.Sub(policyFiles, "policies")
	if err != nil {
		panic("impossible: " + err.Error()) // the path is a constant
	}
	return sub
}
