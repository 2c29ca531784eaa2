// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/go-pdf/fpdf"

	"mach/content"
	"mach/vn"
	"mach/web"
)

// sheet is a paper under way. A4 upright, black on white, in millimetres.
type sheet struct {
	*fpdf.Fpdf
	ctx context.Context
	ed  edition
}

// Of the paper.
const (
	pageLeft, pageTop, pageRight, pageFoot = 20.0, 18.0, 15.0, 18.0
	pageWidth                              = 210.0 - pageLeft - pageRight
	fontName                               = "be"
	lineHigh                               = 5.2
)

// newSheet begins a paper with its letters. The same bulletin made at the same
// instant is the same file.
func newSheet(ctx context.Context, title string, ed edition) *sheet {
	regular, semiBold := content.Fonts()
	s := &sheet{fpdf.New("P", "mm", "A4", ""), ctx, ed}
	s.SetCatalogSort(true)
	s.SetCreationDate(ed.at)
	s.SetModificationDate(ed.at)
	s.SetTitle(title, true)
	s.SetAuthor(ed.agency, true)
	s.SetCreator("Mạch", true)
	s.SetLang(string(web.LangOf(ctx)))
	s.AddUTF8FontFromBytes(fontName, "", regular)
	s.AddUTF8FontFromBytes(fontName, "B", semiBold)
	s.SetMargins(pageLeft, pageTop, pageRight)
	s.SetAutoPageBreak(true, pageFoot)
	s.AliasNbPages("{pages}")
	s.SetFooterFunc(func() {
		s.SetY(-12)
		s.font("", 8)
		s.CellFormat(pageWidth-20, 5, ed.agency+" · "+title, "", 0, "L", false, 0, "")
		s.CellFormat(20, 5, strconv.Itoa(s.PageNo())+"/{pages}", "", 0, "R", false, 0, "")
	})
	s.AddPage()
	return s
}

func (s *sheet) font(style string, size float64) { s.SetFont(fontName, style, size) }

// head is a heading that does not stand alone at the foot of a page.
func (s *sheet) head(text string) {
	if s.GetY() > 297-pageFoot-30 {
		s.AddPage()
	}
	s.Ln(3)
	s.font("B", 12)
	s.MultiCell(pageWidth, 6.5, text, "", "L", false)
	s.Ln(0.5)
}

func (s *sheet) text(text string) {
	s.font("", 10)
	s.MultiCell(pageWidth, lineHigh, text, "", "L", false)
}

// bullets are sentences under each other.
func (s *sheet) bullets(list []string) {
	for _, t := range list {
		s.font("", 10)
		s.CellFormat(5, lineHigh, "•", "", 0, "L", false, 0, "")
		s.SetLeftMargin(pageLeft + 5)
		s.MultiCell(pageWidth-5, lineHigh, t, "", "L", false)
		s.SetLeftMargin(pageLeft)
		s.SetX(pageLeft)
	}
}

// column of a table: share of the width, numbers to the right.
type column struct {
	head  string
	share float64
	num   bool
}

// table draws rows with a head on every page; empty says that there is none.
func (s *sheet) table(columns []column, rows [][]string, empty string) {
	if len(rows) == 0 {
		s.text(empty)
		return
	}
	line := func(cells []string, style string) {
		s.font(style, 9)
		high := 0.0
		var broken [][]string
		for i, c := range columns {
			parts := s.SplitText(cells[i], c.share*pageWidth-2.4)
			broken, high = append(broken, parts), max(high, float64(max(len(parts), 1))*4.4+1.8)
		}
		if s.GetY()+high > 297-pageFoot {
			s.AddPage()
		}
		x, y := pageLeft, s.GetY()
		for i, c := range columns {
			w := c.share * pageWidth
			s.Rect(x, y, w, high, "D")
			align := "L"
			if c.num {
				align = "R"
			}
			for n, part := range broken[i] {
				s.SetXY(x+0.2, y+0.9+float64(n)*4.4)
				s.CellFormat(w-0.4, 4.4, part, "", 0, align, false, 0, "")
			}
			x += w
		}
		s.SetXY(pageLeft, y+high)
	}
	heads := make([]string, len(columns))
	for i, c := range columns {
		heads[i] = c.head
	}
	s.SetDrawColor(90, 104, 99)
	s.SetLineWidth(0.2)
	line(heads, "B")
	page := s.PageNo()
	for _, r := range rows {
		if s.GetY() > 297-pageFoot-7 {
			s.AddPage()
		}
		if s.PageNo() != page {
			page = s.PageNo()
			line(heads, "B")
		}
		line(r, "")
	}
}

// bars draws the weeks as columns from zero, as high as what the edition tells of
// them: a height is a number too.
func (s *sheet) bars(values []float64, told, labels []string, partial bool) {
	const high = 34.0
	s.Ln(3)
	if s.GetY()+high+12 > 297-pageFoot {
		s.AddPage()
	}
	top := 1.0
	for _, v := range values {
		if v > top { // of a week that is not known there is no bar
			top = v
		}
	}
	y0, step := s.GetY()+high+2, pageWidth/float64(max(len(values), 1))
	s.SetDrawColor(125, 138, 133)
	s.SetLineWidth(0.2)
	s.Line(pageLeft, y0, pageLeft+pageWidth, y0)
	s.font("", 7)
	for i, v := range values {
		if math.IsNaN(v) {
			v = 0
		}
		x, h := pageLeft+float64(i)*step, v/top*high
		s.SetFillColor(11, 110, 79)
		mode := "F"
		if partial && i == len(values)-1 {
			s.SetFillColor(230, 242, 237)
			mode = "FD"
		}
		s.Rect(x+step*0.15, y0-h, step*0.7, h, mode)
		if v == top || i == len(values)-1 {
			s.SetXY(x-4, y0-h-4)
			s.CellFormat(step+8, 4, told[i], "", 0, "C", false, 0, "")
		}
		if (len(values)-1-i)%4 == 0 {
			s.SetXY(x-4, y0+0.6)
			s.CellFormat(step+8, 4, labels[i], "", 0, "C", false, 0, "")
		}
	}
	s.SetXY(pageLeft, y0+6)
}

// trend draws the weeks, and tells their cases in lines of thirteen, each under
// the numbers of its weeks.
func (s *sheet) trend(b bulletin) {
	var labels, numbers, told []string
	high := slices.Clone(b.trend)
	for i, week := range b.weeks {
		labels, numbers = append(labels, periodLabel(byWeek, week.Start())), append(numbers, strconv.Itoa(week.Number))
		if told = append(told, orDash(s.ctx, -1)); !math.IsNaN(b.trend[i]) {
			high[i] = float64(s.ed.least(int(b.trend[i]), b.trendParts[i]))
			told[i] = s.ed.atLeast(s.ctx, int(b.trend[i]), b.trendParts[i])
		}
	}
	s.bars(high, told, labels, b.partial)
	const line = 13
	columns := make([]column, line)
	for i := range columns {
		columns[i] = column{"", 1.0 / line, true}
	}
	var rows [][]string
	for from := 0; from+line <= len(numbers); from += line {
		rows = append(rows, numbers[from:from+line], told[from:from+line])
	}
	if len(rows) > 0 {
		for i, label := range rows[0] {
			columns[i].head = label
		}
		s.table(columns, rows[1:], "")
	}
}

// print writes the bulletin as PDF.
func (b bulletin) print(ctx context.Context, w io.Writer, ed edition) error {
	title := web.T(ctx, "bulletin.paper.title", b.unit.Full())
	s := newSheet(ctx, title, ed)
	s.font("", 9)
	s.CellFormat(pageWidth/2, 5, ed.agency, "", 0, "L", false, 0, "")
	s.CellFormat(pageWidth/2, 5, web.PaperDate(ctx, "", vn.DateOf(ed.at)), "", 1, "R", false, 0, "")
	s.Ln(4)
	s.font("B", 17)
	s.MultiCell(pageWidth, 8, title, "", "L", false)
	s.font("", 12)
	s.MultiCell(pageWidth, 6.5, weekName(ctx, b.week), "", "L", false)
	if b.partial {
		s.text(web.T(ctx, "bulletin.partial", web.Date(ctx, b.until)))
	}
	if ed.public {
		s.text(web.T(ctx, "bulletin.paper.public", least))
	}
	if !b.since.Known() { // no case was ever reported: there are no zeros to tell
		s.head(web.T(ctx, "bulletin.none"))
		s.text(web.T(ctx, "bulletin.none.text"))
		return s.finish(ctx, w)
	}
	s.head(web.T(ctx, "bulletin.summary"))
	s.bullets(summary(ctx, ed.open(b)))
	if !ed.public {
		s.head(web.T(ctx, "bulletin.alerts"))
		s.alerts(b)
	}
	s.head(web.T(ctx, "bulletin.diseases"))
	s.diseases(b)
	s.head(web.T(ctx, "bulletin.trend", trendWeeks))
	s.trend(b)
	s.head(web.T(ctx, "bulletin.foci"))
	s.foci(ed.open(b))
	s.head(web.T(ctx, "bulletin.completeness"))
	s.bullets(completeness(ctx, b))
	return s.finish(ctx, w)
}

// finish writes the foot and the paper.
func (s *sheet) finish(ctx context.Context, w io.Writer) error {
	s.Ln(3)
	s.font("", 8)
	s.MultiCell(pageWidth, 4.2, web.T(ctx, "bulletin.paper.foot", web.DateTime(ctx, s.ed.at)), "", "L", false)
	if err := s.Output(w); err != nil {
		return fmt.Errorf("paper of the bulletin: %w", err)
	}
	return nil
}

func (s *sheet) alerts(b bulletin) {
	t := func(key string) string { return web.T(s.ctx, key) }
	var rows [][]string
	for _, x := range b.alerts {
		answer := t("bulletin.alerts.open")
		if x.Answer != "" {
			answer = t(x.Answer)
		}
		rows = append(rows, []string{diseaseName(s.ctx, x.Disease), b.names[x.Unit], web.Date(s.ctx, x.Opened), web.Int(s.ctx, x.Cases), t(x.Why), answer})
	}
	s.table([]column{{t("bulletin.col.disease"), 0.2, false}, {t("bulletin.col.place"), 0.18, false}, {t("bulletin.col.opened"), 0.13, false}, {t("bulletin.cases"), 0.07, true},
		{t("bulletin.col.why"), 0.23, false}, {t("bulletin.col.answer"), 0.19, false}}, rows, t("bulletin.alerts.none"))
}

func (s *sheet) diseases(b bulletin) {
	t := func(key string) string { return web.T(s.ctx, key) }
	var rows [][]string
	dash := orDash(s.ctx, -1)
	for _, d := range s.ed.ordered(b.diseases) {
		cases, confirmed, died := s.ed.week(s.ctx, d.now)
		row := []string{named(s.ctx, d.disease.Name), cases, confirmed, s.ed.number(s.ctx, d.before), died, s.ed.sum(s.ctx, d.year.total(), d.yearParts), dash}
		if d.silent {
			row[1], row[2], row[4] = dash, dash, dash
		}
		if d.before < 0 {
			row[3] = dash
		}
		if d.lastYear >= 0 {
			row[6] = s.ed.sum(s.ctx, d.lastYear, d.lastParts)
		}
		if !s.ed.public { // what is unusual follows from small numbers too
			row = append(slices.Insert(row, 4, d.bound(s.ctx)), t(d.says()))
		}
		rows = append(rows, row)
	}
	columns := []column{{t("bulletin.col.disease"), 0.31, false}, {t("bulletin.col.week"), 0.11, true}, {t("bulletin.col.confirmed"), 0.14, true}, {t("bulletin.col.before"), 0.11, true},
		{t("bulletin.col.died"), 0.1, true}, {t("bulletin.col.year"), 0.11, true}, {t("bulletin.col.lastyear"), 0.12, true}}
	if !s.ed.public {
		columns = append(slices.Insert(columns, 4, column{t("bulletin.col.bound"), 0.09, true}), column{t("bulletin.col.says"), 0.17, false})
		for i, share := range []float64{0.2, 0.08, 0.09, 0.09, 0.1, 0.08, 0.09, 0.12, 0.15} {
			columns[i].share = share
		}
	}
	s.table(columns, rows, t("bulletin.diseases.none"))
}

func (s *sheet) foci(b bulletin) {
	t := func(key string) string { return web.T(s.ctx, key) }
	var rows [][]string
	for _, f := range b.foci {
		state := t("bulletin.foci.open")
		switch {
		case f.ended.Known():
			state = web.T(s.ctx, "bulletin.foci.closed", web.Date(s.ctx, f.ended))
		case f.epidemic:
			state = t("bulletin.foci.epidemic")
		}
		rows = append(rows, []string{diseaseName(s.ctx, f.disease), b.names[f.unit], web.Date(s.ctx, f.from), state})
	}
	s.table([]column{{t("bulletin.col.disease"), 0.32, false}, {t("bulletin.col.place"), 0.3, false}, {t("bulletin.col.since"), 0.14, false}, {t("bulletin.col.state"), 0.24, false}},
		rows, t("bulletin.foci.none"))
}

// paperName is the name of the file.
func (b bulletin) paperName(ed edition) string {
	name := "ban-tin-" + strings.ToLower(codeOf(b.unit)) + "-" + b.week.String()
	if ed.public {
		name += "-" + publicEdition
	}
	return name + ".pdf"
}
