// SPDX-License-Identifier: Apache-2.0

// Package vn holds what is particular to Viet Nam: identification, insurance
// and telephone numbers, names and their order, civil dates, epidemiological
// weeks, working days, and administrative units over time.
//
// Everything here is pure: no clock, no files, no network. Values are
// immutable and safe for concurrent use. Data (units, holidays) is handed in
// by package content.
//
//	id, err := vn.ParsePersonalID("079 203 001234")
//	vn.Fold("Nguyễn Thị Đào") // "nguyen thi dao"
//	vn.WeekOf(today).String() // "2026-W47"
package vn
