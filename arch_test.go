// SPDX-License-Identifier: Apache-2.0

// Package mach_test holds the rules of the building: which package may import
// which, what only one package may touch, and what every file carries. Each
// failure names the file, the import and the remedy.
package mach_test

import (
	"fmt"
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
var order = strings.Fields(`issue vn i18n content fhir casereport outbreak
	audit bus blob rtc store access web  modules  demo app cmd  e2e`)

// only lists outside packages that just the named rooms may import, with the
// reason that a newcomer needs.
var only = []struct{ path, rooms, why string }{
	{"database/sql", "store", "the store is the one door to data: use store.List, or a follower's Tx"},
	{"modernc.org/sqlite", "store", "drivers are opened in store/open.go"},
	{"modernc.org/libc", "store", "memory of SQLite is kept in store/sqlite_memory.go"},
	{"github.com/jackc/pgx/v5", "store", "drivers are opened in store/open.go"},
	{"github.com/livekit/livekit-server", "rtc/media cmd", "the media engine may exit on a panic: it lives in its own process"},
	{"mach/rtc/media", "cmd", "the media engine may exit on a panic: it lives in its own process"},
	{"github.com/nats-io", "bus", "wake-ups go through bus"},
	{"github.com/cedar-policy", "access", "policy is decided in access"},
	{"github.com/go-jose", "access", "signed tokens are made and read in access"},
	{"github.com/minio/minio-go", "blob", "attachments go through blob"},
	{"github.com/chromedp", "e2e", "the browser belongs to the stories"},
	{"os/exec", "rtc app tools e2e cmd", "starting processes belongs to the wiring"},
}

// nameless are folders that would gather what has no name of its own.
var nameless = strings.Fields("util utils common helper helpers base pkg internal misc shared lib")

// impure are the doors to clock, files and network.
var impure = strings.Fields("os net net/http time/tzdata math/rand")

// pure lists packages that know no clock, no files and no network. Embedded
// definitions are data, so content may use embed.
var pure = strings.Fields("issue vn i18n fhir casereport outbreak")

func TestImports(t *testing.T) {
	eachGoFile(t, func(file string, src []byte) {
		for _, fault := range faultsOf(file, imports(t, file, src)) {
			t.Error(fault)
		}
	})
}

// TestTheRulesBite: what nobody has thought of is refused, not let through.
func TestTheRulesBite(t *testing.T) {
	for _, c := range []struct{ file, imp, says string }{
		{"novel/novel.go", "fmt", "in no room"},
		{"vn/data/bin/x.go", "mach/novel", "in no room"},
		{"vn/deep/x.go", "mach/store", "stands above"},
		{"store/x.go", "mach/modules/book", "stands above"},
		{"modules/book/x.go", "mach/modules/station", "never import one another"},
		{"modules/book/service.go", "net/http", "web"},
		{"modules/book/service.go", "mach/web/components/card", "web"},
		{"modules/book/web_novel.go", "net/http", ""},
		{"modules/book/pages_novel.go", "mach/web", ""},
		{"modules/book/pages_novel.go", "net/http", "web"},
		{"web/x.go", "database/sql", "one door"},
		{"app/novel/x.go", "github.com/jackc/pgx/v5/pgxpool", "store/open.go"},
		{"store/x.go", "github.com/minio/minio-go/v7", "blob"},
		{"fhir/deep/x.go", "os", "pure"},
		{"fhir/x_test.go", "os", ""},
		{"web/util/x.go", "fmt", "says nothing"},
		{"access/x.go", "mach/store", ""},
	} {
		faults := strings.Join(faultsOf(c.file, []string{c.imp}), "\n")
		if (faults == "") != (c.says == "") || !strings.Contains(faults, c.says) {
			t.Errorf("%s importing %s: %q, want %q", c.file, c.imp, faults, c.says)
		}
	}
}

// faultsOf says what is wrong with a file where it stands and with what it
// imports.
func faultsOf(file string, imports []string) []string {
	file = filepath.ToSlash(file)
	room := roomOf(file)
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, file+" "+fmt.Sprintf(format, args...)) }
	if !slices.Contains(order, room) {
		fault("is in no room of the building: give it a place in the order of arch_test.go")
	}
	for _, part := range strings.Split(file, "/") {
		if slices.Contains(nameless, part) {
			fault("is in a folder whose name says nothing: a helper lives with its caller, or becomes a named idea")
		}
	}
	for _, imp := range imports {
		if text := outOfOrder(file, room, imp); text != "" {
			fault("imports %s, %s", imp, text)
		}
		if testOnly(file) {
			continue
		}
		for _, rule := range only {
			within := func(r string) bool { return strings.HasPrefix(file, r+"/") }
			if strings.HasPrefix(imp, rule.path) && !slices.ContainsFunc(strings.Fields(rule.rooms), within) {
				fault("imports %s: only %s may; %s", imp, rule.rooms, rule.why)
			}
		}
		if text := outOfLayer(file, room, imp); text != "" {
			fault("imports %s: %s", imp, text)
		}
		// The table from code to status is the one word that issue takes from HTTP.
		if slices.Contains(pure, room) && slices.Contains(impure, imp) && !(room == "issue" && imp == "net/http") {
			fault("imports %s: %s is pure; pass the value in", imp, room)
		}
	}
	return faults
}

func outOfOrder(file, room, imp string) string {
	rest, ours := strings.CutPrefix(imp, "mach/")
	if !ours {
		return ""
	}
	target := strings.Split(rest, "/")[0]
	here, there := slices.Index(order, room), slices.Index(order, target)
	switch {
	case there < 0:
		return "which is in no room of the building: name it in arch_test.go"
	case room == target && room == "modules":
		if !strings.HasPrefix(file, rest+"/") {
			return "but modules never import one another; speak through resources, or include the other's fragment by URL"
		}
	case there > here && !testOnly(file):
		return fmt.Sprintf("which stands above %s: turn the dependency round with an interface declared in %s", room, room)
	}
	return ""
}

// outOfLayer keeps the layers of a module, which are the first words of its
// files.
func outOfLayer(file, room, imp string) string {
	name := filepath.Base(file)
	web, pages := strings.HasPrefix(name, "web"), strings.HasPrefix(name, "pages")
	switch {
	case room != "modules":
	case imp == "net/http" && !web:
		return "in a module only web*.go may; the rest knows no HTTP"
	case (imp == "mach/web" || strings.HasPrefix(imp, "mach/web/")) && !web && !pages:
		return "in a module only web*.go and pages*.go may; the rest knows no pages"
	}
	return ""
}

// TestPrimaryTables keeps primary tables where the architecture allows them.
func TestPrimaryTables(t *testing.T) {
	allowed := []string{"store", "access", "blob", "modules/peers", "modules/subscription", "modules/bulk", "app"}
	eachGoFile(t, func(file string, src []byte) {
		if testOnly(file) || !strings.Contains(string(src), ".Primary(ctx, ") {
			return
		}
		if !slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(filepath.ToSlash(file), a+"/") }) {
			t.Errorf("%s opens primary tables: only store, access, blob, peers, subscription and bulk have them; make it a view", file)
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
	for pattern, first := range map[string]string{"tools/*.sh": "#!/usr/bin/env bash\n# ", "web/assets/css/*.css": "/* ", "web/components/*/*.css": "/* ", "modules/*/*.css": "/* "} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil || !strings.HasPrefix(string(src), first+"SPDX-License-Identifier: Apache-2.0") {
				t.Errorf("%s does not begin with the SPDX licence line: %v", file, err)
			}
		}
	}
}

func eachGoFile(t *testing.T, visit func(file string, src []byte)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{".git", "tools", "bin", "data"}, path) || d.Name() == "node_modules" || d.Name() == "testdata" {
				return filepath.SkipDir
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
