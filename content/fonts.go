// SPDX-License-Identifier: Apache-2.0

package content

import _ "embed"

//go:embed fonts/BeVietnamPro-Regular.ttf
var fontRegular []byte

//go:embed fonts/BeVietnamPro-SemiBold.ttf
var fontSemiBold []byte

// Fonts returns Be Vietnam Pro in the weights 400 and 600 as TrueType files,
// for papers that carry their letters with them (PDF). Do not change the bytes.
func Fonts() (regular, semiBold []byte) { return fontRegular, fontSemiBold }
