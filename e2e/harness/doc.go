// SPDX-License-Identifier: Apache-2.0

// Package harness starts Mạch and a browser for the stories of package e2e: a
// demonstration server, pages that are read and used by the words people see,
// and evidence when a story fails.
package harness
