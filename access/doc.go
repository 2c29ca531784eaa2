// SPDX-License-Identifier: Apache-2.0

// Package access says who may do what, and who is who.
//
// [Policy] is the store's guard: a few Cedar policies (content/policies) over
// attributes, pure and closed by default. [Accounts] holds people, their roles
// at facilities with dates, passwords, one-time codes and PINs; [Sessions]
// turns a cookie into an actor and [Tokens] a bearer token; [Emergency] is
// break-glass with its review; [Consents] keeps what persons agreed to, and who
// may see a child's record.
//
// It is not the record: nothing clinical lives here. Its tables are primary
// and its own (migrations/). It knows no pages; those are modules/account.
//
// Secrets (session ids, tokens, links) are 256 random bits and stored only as
// SHA-256. Everything is safe for concurrent use.
//
//	policy, err := access.NewPolicy(content.Policies(), units)
//	s, err := store.Open(ctx, store.Config{Guard: policy, …})
//	a, err := access.Open(ctx, s, access.Config{Key: key, Calendar: calendar})
//	session, err := a.Sessions.Resolve(r)
package access
