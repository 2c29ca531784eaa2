// SPDX-License-Identifier: Apache-2.0

// Package book is the health book (sổ sức khỏe điện tử): a person's own record
// in plain words, and who has looked at it.
//
// Follows Encounter, Condition, MedicationRequest, CarePlan, Appointment,
// Observation, Immunization, DiagnosticReport, Organization. Owns the view
// tables book_event and book_place. Writes nothing.
//
// Only signed visits are in the book. A guardian sees the ward's book without
// labelled items; the store judges each line.
//
// Basis: QĐ 31/QĐ-BYT 06/01/2026 (four groups of content), Law 91/2025/QH15
// (a person learns who has used the data). Not here: booking, certificates,
// consent (account).
package book
