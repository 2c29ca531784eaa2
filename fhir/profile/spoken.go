// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"slices"
	"strings"
	"sync"
)

// spoken reports whether an invariant has words in the catalogue, under
// "invariant.KEY": those that people meet. A test holds both together.
func spoken(key string) bool {
	_, found := slices.BinarySearch(spokenKeys(), key)
	return found
}

var spokenKeys = sync.OnceValue(func() []string {
	keys := strings.Fields(`
	per-1 qty-3 rng-2 rat-1 cpt-2 age-1 drt-1 att-1 exp-1 tim-1 tim-2 tim-4 tim-5 tim-9 tim-10 obs-3
	obs-6 obs-7 pat-1 org-1 org-2 org-3 con-1 con-2 con-3 con-4 con-5 ait-1 ait-2 app-1 app-2 app-3
	app-4 imm-1 imr-1 cpl-3 ppc-1 prr-1 grp-1 lst-1 mea-1 mrp-1 mrp-2 qrs-1 que-1 que-12 ras-2 bdl-1
	bdl-2 bdl-3 bdl-4 bdl-5 bdl-7 bdl-8 bdl-9 bdl-10 bdl-11 bdl-12 dom-3 dom-4 dom-5 dom-6
	apr-1 cmp-1 cmp-2 cnt-3 dis-1 ctm-1 fhs-1 fhs-2 gol-1 mad-1 mdd-1 lst-2 lst-3 ras-1 tim-6 tim-7 tim-8
	inv-1 ppc-2 ppc-3 ppc-4 ppc-5 vsd-1 vsd-2 vsd-3
	mach-personal mach-insurance mach-name mach-name-text mach-unit-code mach-unit-version mach-ethnic
	mach-facility mach-icd10 mach-vital mach-vaccine mach-cvx
	`)
	slices.Sort(keys)
	return keys
})
