// SPDX-License-Identifier: Apache-2.0

// Package seal ties a committed file to what it was made of, so that drift is
// seen even where the input cannot be had: beside the file lies a list of the
// SHA-256 of its generator's sources, of the file and of the input.
package seal

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// Write lists what out was just made of.
func Write(out, sources, input string) error {
	list, err := list(out, sources, input)
	if err != nil {
		return err
	}
	return os.WriteFile(out+".sum", list, 0o644)
}

// Check fails when out, the sources or the input are not those of the list. Without
// an input ("") the others are compared.
func Check(out, sources, input string) error {
	was, err := os.ReadFile(out + ".sum")
	if err != nil {
		return err
	}
	is, err := list(out, sources, input)
	if err == nil && !(bytes.Equal(was, is) || input == "" && bytes.HasPrefix(was, is)) {
		err = fmt.Errorf("%s.sum does not fit: it, its generator or its input was changed without the others; generate it again", out)
	}
	return err
}

func list(out, sources, input string) ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(sources, "*.go"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no sources in %s: run it in the folder tools", sources)
	}
	if files = append(files, out); input != "" {
		files = append(files, input)
	}
	var b bytes.Buffer
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(text), filepath.Base(name))
	}
	return b.Bytes(), nil
}
