// SPDX-License-Identifier: Apache-2.0

// Package account is the pages of package access: signing in and out, locking
// and switching on shared computers, one's own account, break-glass and its
// review, consents, guardians, and the accounts of a unit.
//
// It decides nothing: access and the store do. It owns no tables, follows
// nothing and writes no resource; what it shows of a record it reads through
// the store as the actor.
//
// Law: consents by purpose, withdrawal, the child's own agreement from seven
// (Law on Personal Data Protection 91/2025/QH15, Decree 356/2025); codes for
// those who oversee (security level 3, Decree 331/2026).
package account
