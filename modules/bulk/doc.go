// SPDX-License-Identifier: Apache-2.0

// Package bulk moves many resources at once: $export as of the HL7 Bulk Data
// Access IG 2.0 (system, Patient, Group) and $import of NDJSON.
//
// A job is a row that survives the process. The leader of the store works on
// it in a duty of its term, a piece at a time ([store.Door.Bulk]): it reads
// rows by keyset without holding a transaction open between pieces, and every
// row is judged as a search would judge it, with the rights that the asker has
// at that moment. What is read goes into parts of at most [partBytes] in the
// blob store; a finished part and the place behind it are written together. So
// a job whose process is killed goes on behind its last finished part, and
// nothing is there twice. With _since it goes through the types once more for
// what was deleted, up to the moment it was asked for: so no resource is told of
// both as there and as deleted.
//
// The audit has one line when a job is asked for and, before the first byte of
// an export may be fetched, one line for each person in it, which names the
// types ([store.Door.Disclose]); until then whom a part speaks of is kept
// beside it. Each download is a line too.
//
// An import writes what arrived through the same importer as mach import, with
// the rights of the asker. It keeps ids, so it is simply done again when its
// process was killed.
//
// Jobs end by themselves: results are kept for [keptFor].
package bulk
