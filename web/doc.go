// SPDX-License-Identifier: Apache-2.0

// Package web is the page kit: router, middleware, layouts, forms, live wake-ups.
//
// A module registers routes on a [Mux]; each has a method, a pattern and a
// [Who]. Its [Handler] loads, answers with [Render], [Refuse], [Fragment] or
// [Redirect], and returns its error: the kit logs it once and shows a page
// that says what to do next. Pages are complete HTML without JavaScript.
//
// It is not a framework for data: it knows no FHIR and no SQL. Who is asking
// comes from [Sessions], which package access implements.
//
// A Mux is safe for concurrent use once its routes are registered.
//
//	mux.Get("/tram", web.Roles(store.Nurse), p.today)
//
//	func (p *pages) today(w http.ResponseWriter, r *http.Request) error {
//		rows, err := p.lists.Today(r.Context(), web.Actor(r), p.today())
//		if err != nil {
//			return fmt.Errorf("today's list: %w", err)
//		}
//		return web.Render(w, r, todayPage(rows))
//	}
package web
