// SPDX-License-Identifier: Apache-2.0

// Package demo makes a province that does not exist: facilities, health
// workers, people with records, five years of notifiable cases, two planted
// outbreaks, and visits for watery diarrhoea that nobody has named yet. All of
// it is valid FHIR written through the store.
//
// The same [Plan] gives the same content: every id and every choice follows
// from the seed, the date and a running number, never from the order of work.
// So filling can be interrupted and goes on where it stopped: what is there is
// written again unchanged.
//
// Places (provinces, communes) are real; people, names of facilities and
// figures are generated. Shares are those of public statistics, rounded: the
// age pyramid of the census of 2019 and the frequency of family names
// (Nguyễn about three in ten); both are good enough for a demonstration and
// for nothing else.
package demo
