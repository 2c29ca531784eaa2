// SPDX-License-Identifier: Apache-2.0

// Package content holds what the ministry decides, as data: words, indicators,
// notifiable diseases and their clocks, diagnoses and drugs, policies,
// administrative units, holidays, times of consultations. The files are
// embedded; SOURCES.md beside each kind says where they come from and what is
// unverified.
//
// Access is typed and checked: a broken file is an error, or a panic where the
// tests of this package read every file. [Site] puts what an installation
// decides (DATA/content) before ours: units, borders, diagnoses, flat views,
// endemic places, epidemic years and numbers of the law ([Law]).
//
// It decides nothing: rules that use these definitions live with their module.
// Everything is read-only after loading and safe for concurrent use.
//
//	list := content.Diseases()
//	disease, ok := list.For("A97.0", today)
package content
