// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// maxPackage bounds what is read of one package, unpacked.
const maxPackage = 512 << 20

// defining are the types of resources that a package is read for.
var defining = map[string]bool{"StructureDefinition": true, "ValueSet": true, "CodeSystem": true, "ConceptMap": true, "SearchParameter": true}

// ReadArchive reads a package as npm and the registries of FHIR have it: a
// .tgz whose files are resources in JSON. It returns the definitions: profiles,
// value sets, code systems, maps and search parameters.
func ReadArchive(r io.Reader) ([]*fhir.Doc, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, issue.New(issue.Invalid, "profile.package")
	}
	var docs []*fhir.Doc
	for t := tar.NewReader(io.LimitReader(z, maxPackage)); ; {
		h, err := t.Next()
		switch {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return nil, issue.New(issue.Invalid, "profile.package")
		case h.Typeflag == tar.TypeReg:
			if docs, err = definitionIn(docs, h.Name, t); err != nil {
				return nil, err
			}
		}
	}
}

// ReadFolder is [ReadArchive] for the unpacked files of a package, or any
// folder of definitions.
func ReadFolder(dir fs.FS) ([]*fhir.Doc, error) {
	var docs []*fhir.Doc
	err := fs.WalkDir(dir, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		f, err := dir.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		docs, err = definitionIn(docs, name, f)
		return err
	})
	return docs, err
}

// definitionIn adds the definition of one file. Files that are none, such as
// package.json and examples, are left aside; so are those that no FHIR parser
// reads, which packages do have among their examples.
func definitionIn(docs []*fhir.Doc, name string, r io.Reader) ([]*fhir.Doc, error) {
	base := path.Base(name)
	if path.Ext(base) != ".json" || base == "package.json" || strings.HasPrefix(base, ".") {
		return docs, nil
	}
	b, err := io.ReadAll(io.LimitReader(r, fhir.MaxSize+1))
	if err != nil {
		return nil, issue.New(issue.Invalid, "profile.package")
	}
	if d, err := fhir.Parse(b); err == nil && defining[d.Type()] {
		docs = append(docs, d)
	}
	return docs, nil
}
