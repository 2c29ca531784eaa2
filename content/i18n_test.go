// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"mach/content"
	"mach/i18n"
)

// Both languages hold the same keys, with the same arguments, and no empty or
// untidy text: a page is never half translated.
func TestCatalogueComplete(t *testing.T) {
	c, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Keys(i18n.Vietnamese)) == 0 {
		t.Fatal("the catalogue is empty")
	}
	for _, pair := range [][2]i18n.Lang{{i18n.Vietnamese, i18n.English}, {i18n.English, i18n.Vietnamese}} {
		for _, key := range c.Keys(pair[0]) {
			if !c.Has(pair[1], key) {
				t.Errorf("%s has %q, %s does not", pair[0], key, pair[1])
				continue
			}
			if a, b := c.Args(pair[0], key), c.Args(pair[1], key); !slices.Equal(a, b) {
				t.Errorf("%q: arguments %v in %s, %v in %s", key, a, pair[0], b, pair[1])
			}
		}
	}
	for _, l := range i18n.Langs() {
		for _, key := range c.Keys(l) {
			s := c.T(l, key, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
			if s == "" || strings.TrimSpace(s) != s {
				t.Errorf("%s %q: empty or with spaces around: %q", l, key, s)
			}
			if !norm.NFC.IsNormalString(s) {
				t.Errorf("%s %q: not in normal form C", l, key)
			}
		}
	}
}
