// SPDX-License-Identifier: Apache-2.0

package app

import "mach/store"

// checks is what happens to what applications write with faults.
func (c Config) checks() store.Checks {
	if c.Validation == "warn" {
		return store.Warn
	}
	return store.Refuse
}
