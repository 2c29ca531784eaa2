// SPDX-License-Identifier: Apache-2.0

// Package station is the commune health station (trạm y tế): reception, queue,
// measurements, the visit and its signature, and register A1.
//
// Writes Patient, Task (ticket), Encounter, Observation, Condition,
// MedicationRequest, CarePlan, Appointment, Communication (signal). Follows the
// same and Organization. Owns the view tables station_…: people as reception
// finds them, today's queue, visits, the last measurements, signals.
//
// Village health workers see whom to remind of a visit, and tell the station of
// suspected cases among residents: signals (TT 15/2026/TT-BYT Articles 2 and
// 10.1), which stand on the day list until somebody takes them up.
//
// A visit is a draft until a doctor or physician assistant signs it; then its
// parts become final in one commit, and only then it enters the book, the
// registers and the figures. Corrections are new versions with a reason.
//
// Not here: the person's own pages (book), case reports (surveillance),
// consultations (telehealth), stock, immunisation.
//
// Implements register A1 (sổ khám bệnh, TT 23/2025/TT-BYT annex III) and the
// rule of QĐ 831/QĐ-BYT 2017 that the record keeps who measured what and when.
package station
