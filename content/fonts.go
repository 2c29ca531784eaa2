// SPDX-License-Identifier: Apache-2.0

package content

import "embed"

//go:embed fonts/*.ttf
var fontFiles embed.FS

// Fonts returns Be Vietnam Pro in the weights 400 and 600 as TrueType files,
// for papers that carry their letters with them (PDF).
func Fonts() (regular, semiBold []byte) {
	read := func(name string) []byte { return must(fontFiles.ReadFile("fonts/BeVietnamPro-" + name + ".ttf")) }
	return read("Regular"), read("SemiBold")
}
