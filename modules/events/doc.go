// SPDX-License-Identifier: Apache-2.0

// Package events is event-based surveillance in the words of TT
// 15/2026/TT-BYT: a signal (dấu hiệu) that somebody gives, its verification
// within 24 hours, the event (sự kiện) it turns out to be, the focus (ổ dịch)
// with its cases and contacts, the epidemic (dịch) that is declared, the end
// of each, and what was learnt.
//
// Each step is a Communication of category event that is written once and never
// changed (policy events.only): who, when, evidence. A wrong step is answered by
// a further one. The state of an event is folded from its steps in the order
// they were written; a step that the state before it did not allow is kept,
// shown and not counted. A focus is the event once a place has a name; cases
// belong to it by that name on their report (/ext/focus), so that the report
// stays the one place where it stands. Contacts and response tasks are Tasks;
// a contact handed to a village worker is a task of its own category, and vetTask
// holds what the worker may write. What cases were exposed to links foci
// (exposure.go).
// Forms 01 and 02 are surveillance's; a step names the one that it led to.
//
// When a clock runs out (24 hours of a signal, the last day of a task), the leader
// writes a step that tells the next level ([Module.Escalate]): it stands in the
// course, on that level's first screen, and goes to whoever subscribed; its people
// are called (module peers, by app). A focus
// closes by days or by the line of Article 16, as the disease's rule says.
//
// Follows Communication, Task, Condition. Owns the view tables events_…: steps,
// events, cases as far as foci need them and what they rest on, contacts, tasks,
// forms 01 and 02. What depends on the hour (clocks, contacts due, days to closing)
// is computed when asked, so that a rebuilt view equals the followed one.
//
// Diseases of the closed desk have no event here. The telephone of who gave a
// signal stands in the resource only: it is in no list, no view and no log.
package events
