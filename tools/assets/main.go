// SPDX-License-Identifier: Apache-2.0

// Command assets bundles styles, scripts, fonts and icons into
// web/assets/dist, with a hash of the content in each name and a compressed
// copy beside each text file. It installs the pinned packages first when they
// are missing. Run it from the tools module:
//
//	go run -C tools ./assets
//
// -check only type-checks the scripts, with the TypeScript compiler.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	check := flag.Bool("check", false, "only type-check the scripts")
	flag.Parse()
	b := bundle{web: "../web/assets", modules: "assets/node_modules", names: map[string]string{}}
	if err := b.run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "assets:", err)
		os.Exit(1)
	}
}

// bundle is one run. Paths are relative to the tools module.
type bundle struct {
	web, modules string
	names        map[string]string // plain name → hashed name
}

func (b *bundle) run(check bool) error {
	if err := b.install(check); err != nil {
		return err
	}
	if check {
		tsc := exec.Command(filepath.Join(b.modules, ".bin", "tsc"), "-p", filepath.Join(b.web, "js"))
		tsc.Stdout, tsc.Stderr = os.Stderr, os.Stderr
		if err := tsc.Run(); err != nil {
			return fmt.Errorf("type check: %w", err)
		}
		return nil
	}
	if err := b.clean(); err != nil {
		return err
	}
	for _, step := range []func() error{b.sprite, b.marks, b.styles, b.scripts, b.manifest} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// install runs npm ci when the lock file is newer than what is installed.
// The TypeScript compiler is left out unless asked for: a build needs it not.
func (b *bundle) install(dev bool) error {
	lock, err := os.ReadFile("assets/package-lock.json")
	if err != nil {
		return err
	}
	sum := sha256.Sum256(lock)
	stamp := filepath.Join(b.modules, ".mach-lock")
	want := hex.EncodeToString(sum[:8])
	if dev {
		want += " dev"
	}
	if have, err := os.ReadFile(stamp); err == nil && (string(have) == want || string(have) == want+" dev") {
		return nil
	}
	args := []string{"ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"}
	if !dev {
		args = append(args, "--omit=dev")
	}
	npm := exec.Command("npm", args...)
	npm.Dir = "assets"
	npm.Stdout, npm.Stderr = os.Stderr, os.Stderr
	if err := npm.Run(); err != nil {
		return fmt.Errorf("npm ci: %w", err)
	}
	return os.WriteFile(stamp, []byte(want), 0o644)
}

func (b *bundle) dist(name string) string { return filepath.Join(b.web, "dist", name) }

func (b *bundle) clean() error {
	old, err := os.ReadDir(b.dist(""))
	if errors.Is(err, fs.ErrNotExist) {
		return os.MkdirAll(b.dist(""), 0o755)
	}
	for _, e := range old {
		if e.Name() != ".gitignore" {
			if err := os.Remove(b.dist(e.Name())); err != nil {
				return err
			}
		}
	}
	return err
}

// put writes a file under a hashed name, and compressed where that helps.
func (b *bundle) put(plain string, data []byte) error {
	sum := sha256.Sum256(data)
	ext := path.Ext(plain)
	hashed := strings.TrimSuffix(plain, ext) + "." + hex.EncodeToString(sum[:4]) + ext
	b.names[plain] = hashed
	if err := os.WriteFile(b.dist(hashed), data, 0o644); err != nil {
		return err
	}
	if ext == ".woff2" || ext == ".png" {
		return nil
	}
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(b.dist(hashed)+".gz", z.Bytes(), 0o644)
}

// sprite joins the icons that pages name, and those of icons.txt, into one
// file of symbols.
func (b *bundle) sprite() error {
	names, err := b.icons()
	if err != nil {
		return err
	}
	var s strings.Builder
	s.WriteString(`<svg xmlns="http://www.w3.org/2000/svg">` + "\n<!-- lucide, ISC -->\n")
	for _, name := range names {
		raw, err := os.ReadFile(filepath.Join(b.modules, "lucide-static/icons", name+".svg"))
		if err != nil {
			return fmt.Errorf("icon %q is not one of lucide's: %w", name, err)
		}
		_, after, _ := strings.Cut(string(raw), "<svg")
		_, body, _ := strings.Cut(after, ">")
		body, _, _ = strings.Cut(body, "</svg>")
		fmt.Fprintf(&s, "<symbol id=%q viewBox=\"0 0 24 24\">%s</symbol>\n", name, strings.Join(strings.Fields(body), " "))
	}
	s.WriteString("</svg>\n")
	return b.put("icons.svg", []byte(s.String()))
}

// named finds icons written as Icon("name") or Icon: "name".
var named = regexp.MustCompile(`Icon(?:\(|:\s*)"([a-z0-9-]+)"`)

// icons returns the names in icons.txt, which holds those that reach Icon
// through a variable, and the names written in sources, sorted, each once.
func (b *bundle) icons() ([]string, error) {
	list, err := os.ReadFile(filepath.Join(b.web, "icons.txt"))
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(string(list)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			names = append(names, line)
		}
	}
	for _, root := range []string{"web", "modules", "app", "access"} {
		err := filepath.WalkDir(filepath.Join("..", root), func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || (filepath.Ext(file) != ".templ" && filepath.Ext(file) != ".go") {
				return err
			}
			src, err := os.ReadFile(file)
			for _, m := range named.FindAllSubmatch(src, -1) {
				names = append(names, string(m[1]))
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// marks are our own icons, as SVG and, for home screens, as PNG.
func (b *bundle) marks() error {
	for _, name := range []string{"icon.svg", "icon-maskable.svg"} {
		data, err := os.ReadFile(filepath.Join(b.web, "icons", name))
		if err != nil {
			return err
		}
		if err := b.put(name, data); err != nil {
			return err
		}
	}
	for _, size := range []int{192, 512} {
		data, err := draw(size)
		if err != nil {
			return err
		}
		if err := b.put(fmt.Sprintf("icon-%d.png", size), data); err != nil {
			return err
		}
	}
	return nil
}

// styles bundles reset → tokens → fonts → base → layout → components →
// modules → print into app.css, and the fonts it names.
func (b *bundle) styles() error {
	entry := ""
	for _, name := range []string{"reset", "tokens", "fonts", "base", "layout"} {
		entry += fmt.Sprintf("@import %q;\n", "./css/"+name+".css")
	}
	for _, pattern := range []string{"../components/*/*.css", "../kit/*.css", "../../modules/*/*.css"} {
		found, err := filepath.Glob(filepath.Join(b.web, pattern))
		if err != nil {
			return err
		}
		slices.Sort(found)
		for _, f := range found {
			rel, err := filepath.Rel(b.web, f)
			if err != nil {
				return err
			}
			entry += fmt.Sprintf("@import %q;\n", "./"+filepath.ToSlash(rel))
		}
	}
	entry += `@import "./css/print.css";`
	dir, err := filepath.Abs(b.web)
	if err != nil {
		return err
	}
	fonts := &fontFiles{bundle: b}
	return b.build("app.css", api.BuildOptions{
		Stdin:   &api.StdinOptions{Contents: entry, ResolveDir: dir, Loader: api.LoaderCSS, Sourcefile: "app.css"},
		Plugins: []api.Plugin{fonts.plugin()},
	})
}

// scripts bundles each entry by itself; room.ts only where it exists.
func (b *bundle) scripts() error {
	for _, name := range []string{"app", "sw", "room"} {
		file := filepath.Join(b.web, "js", name+".ts")
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := b.build(name+".js", api.BuildOptions{EntryPoints: []string{file}, Format: api.FormatIIFE}); err != nil {
			return err
		}
	}
	return nil
}

func (b *bundle) build(name string, o api.BuildOptions) error {
	modules, err := filepath.Abs(b.modules)
	if err != nil {
		return err
	}
	o.Bundle, o.Write, o.LogLevel = true, false, api.LogLevelWarning
	o.MinifyWhitespace, o.MinifySyntax, o.MinifyIdentifiers = true, true, true
	o.LegalComments = api.LegalCommentsNone // docs/licences.md names them
	o.NodePaths = []string{modules}
	o.Outfile = filepath.Join(modules, "out", name)
	o.Engines = []api.Engine{{Name: api.EngineChrome, Version: "87"}, {Name: api.EngineSafari, Version: "14.1"}}
	out := api.Build(o)
	if len(out.Errors) > 0 {
		return fmt.Errorf("%s: %s", name, out.Errors[0].Text)
	}
	return b.put(name, out.OutputFiles[0].Contents)
}

func (b *bundle) manifest() error {
	data, err := json.MarshalIndent(b.names, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(b.dist("manifest.json"), data, 0o644)
}

// fontFiles gives fonts our names and leaves their URLs in the styles.
type fontFiles struct{ bundle *bundle }

func (f *fontFiles) plugin() api.Plugin {
	return api.Plugin{Name: "fonts", Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: `\.woff2$`}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			data, err := os.ReadFile(filepath.Join(f.bundle.modules, filepath.FromSlash(a.Path)))
			if err != nil {
				return api.OnResolveResult{}, err
			}
			name := path.Base(a.Path)
			if err := f.bundle.put(name, data); err != nil {
				return api.OnResolveResult{}, err
			}
			return api.OnResolveResult{Path: "/static/" + f.bundle.names[name], External: true}, nil
		})
	}}
}
