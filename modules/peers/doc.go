// SPDX-License-Identifier: Apache-2.0

// Package peers is the professional network (mạng kết nối y tế): every health
// worker, and announcements that are acknowledged.
//
// An announcement (thông báo) is one row and an audience, whatever its size:
// the audience is frozen when it is published, as a bitmap and the unit of each
// member, and a further row is written only when somebody acknowledges. Who
// has not yet acknowledged is audience AND NOT acknowledged, exact by unit and
// by name.
//
// A call is not sent by a person: people of a level are called when a clock ran
// out below them ([Module.Call]; app says which), those on duty first. It stands
// in the inbox of each of them and on the first screen, in the language each
// reads, and names nobody.
//
// Follows: Practitioner, PractitionerRole, Organization. Owns as views:
// peers_person, peers_post, peers_place. Owns as primary tables, since talk is
// not health record: peers_member (the numbers that bitmaps speak of),
// peers_notice, peers_ack, peers_call, peers_called.
//
// Not here yet: groups, threads, courses, training hours. Managers see
// acknowledgements of announcements, never what people read or write besides.
package peers
