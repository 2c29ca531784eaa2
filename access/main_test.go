// SPDX-License-Identifier: Apache-2.0

package access

import (
	"os"
	"testing"
)

// realCost is what a password costs; in all tests but the one that looks at it,
// it costs what a PIN does.
var realCost = passwordCost

func TestMain(m *testing.M) {
	passwordCost = pinCost
	os.Exit(m.Run())
}
