// SPDX-License-Identifier: Apache-2.0

// Package subscription tells other software what happens: FHIR R4
// Subscription by rest-hook, with search criteria or with a topic (HL7 FHIR
// Subscriptions R5 Backport 1.1).
//
// A Subscription is a resource like any other. What it must not show, the
// secrets of its headers and the rights of who wrote it, is taken off before
// it is committed ([Module.vet]) and kept beside it under a key that the
// committed version names. It acts as its author: every event goes through the
// policy as the author stands when it happens and again when it is sent, with
// one line in the audit, so what he may not read any more is not sent.
//
// The outbox is three primary tables, not a view: a rebuilt view would send
// everything again. One process does the work, the leader of the store, in a
// duty of its term. It reads the change log from where it stopped and, in one
// transaction, queues what subscriptions wait for and remembers the place
// (match.go). Subscriptions come into force in that same order, so each gets
// exactly the changes after its own. A subscription then sends one
// notification at a time, oldest first (deliver.go). An event gets its number,
// from 1 without gaps, in the transaction before its first attempt, and keeps
// it in every later one: a process killed between the receiver's answer and
// the note of it sends that number again, and the receiver drops it.
//
// An attempt is claimed in the database with the time it may last, fenced by
// the term of office. A new leader waits for a claim of its predecessor to
// end, so no two processes ever send for one subscription at once.
//
// Failures are tried again after a growing pause until the subscription is
// switched off, ends or is deleted. After [failuresToError] of them its status
// is error, with a note; the next success makes it active again.
package subscription
