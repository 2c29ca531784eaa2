// SPDX-License-Identifier: Apache-2.0

// Package mach_test holds the rules of the building: which package may import
// which, what only one package may touch, and what every file carries. Each
// failure names the file, the import and the remedy.
package mach_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// order is the building, ground first. A package may import only packages
// named before it. Modules stand side by side: none imports another.
var order = strings.Fields(`issue vn i18n content fhir clinical outbreak
	audit bus blob rtc store access web form  modules  demo app cmd  e2e`)

// only lists outside packages that just the named rooms may import, with the
// reason that a newcomer needs.
var only = []struct{ path, rooms, why string }{
	{"database/sql", "store", "the store is the one door to data: use store.List, or a follower's Tx"},
	{"modernc.org/sqlite", "store", "drivers are opened in store/open.go"},
	{"github.com/jackc/pgx/v5", "store", "drivers are opened in store/open.go"},
	{"github.com/livekit/livekit-server", "rtc/media cmd", "the media engine may exit on a panic: it lives in its own process"},
	{"mach/rtc/media", "cmd", "the media engine may exit on a panic: it lives in its own process"},
	{"github.com/nats-io", "bus", "wake-ups go through bus"},
	{"github.com/cedar-policy", "access", "policy is decided in access"},
	{"os/exec", "rtc app tools e2e cmd", "starting processes belongs to the wiring"},
}

// pure lists packages that know no clock, no files and no network. Embedded
// definitions are data, so content may use embed.
var pure = strings.Fields("issue vn i18n fhir clinical outbreak")

func TestImports(t *testing.T) {
	eachGoFile(t, func(file string, src []byte) {
		room := roomOf(file)
		for _, imp := range imports(t, file, src) {
			checkOrder(t, file, room, imp)
			for _, rule := range only {
				if !strings.HasPrefix(imp, rule.path) || testOnly(file) {
					continue
				}
				if !slices.ContainsFunc(strings.Fields(rule.rooms), func(r string) bool {
					return strings.HasPrefix(filepath.ToSlash(file), r+"/")
				}) {
					t.Errorf("%s imports %s: only %s may; %s", file, imp, rule.rooms, rule.why)
				}
			}
			if slices.Contains(pure, room) && !testOnly(file) && slices.Contains([]string{"os", "net", "net/http", "time/tzdata", "math/rand"}, imp) {
				if room == "issue" && imp == "net/http" {
					continue // the table from code to status
				}
				t.Errorf("%s imports %s: %s is pure; pass the value in", file, imp, room)
			}
		}
	})
}

func checkOrder(t *testing.T, file, room, imp string) {
	rest, ours := strings.CutPrefix(imp, "mach/")
	if !ours {
		return
	}
	target := strings.Split(rest, "/")[0]
	here, there := slices.Index(order, room), slices.Index(order, target)
	switch {
	case there < 0:
		t.Errorf("%s imports %s, which is in no room of the building: name it in arch_test.go", file, imp)
	case room == target && room == "modules":
		if !strings.HasPrefix(filepath.ToSlash(file), rest+"/") {
			t.Errorf("%s imports %s: modules never import one another; speak through resources, or include the other's fragment by URL", file, imp)
		}
	case there > here && !testOnly(file):
		t.Errorf("%s imports %s, which stands above %s: turn the dependency round with an interface declared in %s", file, imp, room, room)
	}
}

// TestPrimaryTables keeps primary tables where the architecture allows them.
func TestPrimaryTables(t *testing.T) {
	allowed := []string{"store", "access", "blob", "modules/peers", "app"}
	eachGoFile(t, func(file string, src []byte) {
		if testOnly(file) || !strings.Contains(string(src), ".Primary(ctx, ") {
			return
		}
		if !slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(filepath.ToSlash(file), a+"/") }) {
			t.Errorf("%s opens primary tables: only store, access, blob and peers have them; make it a view", file)
		}
	})
}

func TestEveryFileNamesItsLicence(t *testing.T) {
	eachGoFile(t, func(file string, src []byte) {
		if strings.HasSuffix(file, "_templ.go") {
			return
		}
		if !strings.HasPrefix(string(src), "// SPDX-License-Identifier: Apache-2.0") && !strings.HasPrefix(string(src), "// Code generated") {
			t.Errorf("%s: the first line is not the SPDX licence line", file)
		}
	})
}

func eachGoFile(t *testing.T, visit func(file string, src []byte)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case "node_modules", ".git", "tools", "testdata", "bin", "data":
				if path != "." {
					return filepath.SkipDir
				}
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || roomOf(path) == "" {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n++
		visit(path, src)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 10 {
		t.Fatalf("only %d Go files seen: the walk is broken", n)
	}
}

// roomOf is the first folder of the path; "" for files of the root.
func roomOf(path string) string {
	parts := strings.Split(filepath.ToSlash(path), "/")
	if len(parts) < 2 {
		return ""
	}
	return parts[0]
}

// testOnly says that a file is a test or a package made for tests.
func testOnly(path string) bool {
	p := filepath.ToSlash(path)
	return strings.HasSuffix(p, "_test.go") || strings.Contains(p, "test/") && !strings.Contains(p, "latest/")
}

func imports(t *testing.T, file string, src []byte) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.ImportsOnly)
	if err != nil {
		t.Errorf("%s: %v", file, err)
		return nil
	}
	var out []string
	for _, s := range f.Imports {
		if p, err := strconv.Unquote(s.Path.Value); err == nil {
			out = append(out, p)
		}
	}
	return out
}
