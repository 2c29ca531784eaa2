// SPDX-License-Identifier: Apache-2.0

package content

import (
	"embed"
	"io/fs"
)

//go:embed profiles/*.json
var profileFiles embed.FS

// Profiles returns Mạch's core profiles for Viet Nam: StructureDefinitions of
// what the product writes, the extensions they use, and value sets, one resource
// a file. profiles/SOURCES.md tells what each rule rests on.
func Profiles() fs.FS {
	dir, err := fs.Sub(profileFiles, "profiles")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	return dir
}
