// SPDX-License-Identifier: Apache-2.0

// Package directory is where people look up places and who works there
// (danh bạ): administrative units over time, facilities with their sub-sites
// and health workers, and the households of a commune.
//
// Units come from [vn.Units] and name nobody: whoever is signed in reads them.
// Facilities are for staff, households for the station of the commune; every
// row of both is judged by the store.
//
// Follows Organization, Practitioner, PractitionerRole, Group and Patient.
// Owns the view tables directory_…. Writes nothing.
//
// A code answers only together with a day: 3,316 of the 3,321 commune codes
// in use since 2025-07-01 belonged to other communes before (QĐ 19/2025/QĐ-TTg).
//
// Not here: people as reception finds them (station), who may sign in
// (account), announcements to health workers (peers).
package directory
