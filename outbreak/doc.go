// SPDX-License-Identifier: Apache-2.0

// Package outbreak judges counts of cases: data in, verdict out.
//
// It is pure: no clock, no files, no database. The caller brings the counts,
// the dated settings and what is known of the disease; a verdict carries every
// number it rests on, so that a screen can explain it and anybody can compute
// it again. Values are immutable and everything is safe for concurrent use, but for
// Work and Nation, which belong to one goroutine at a time. Random numbers are
// drawn in scans only, from a seed made of disease and day.
//
// It holds the legal rules of TT 15/2026/TT-BYT (legal.go, response.go): Article
// 16 says when a commune has an epidemic and when it ends, Articles 17 to 20
// which level it has, Article 21 when to assess a risk, Article 22 when to warn.
// They are computed always and shown always. A verdict declares nothing: only
// the station's director does (Article 26). testdata/tt15.txt has a case of each
// article and clause in words.
//
// Statistical detectors stand beside them, one file a method. A Detector judges
// one series (series.go): Farrington, FarringtonFlexible, EARS, CUSUM, BayesNB
// and GLR. JudgeSyndrome asks several of them about one day of visits, with the
// kind of day and the visits taken out (syndrome.go). Triangle says how late
// reports come and how many are still to come (nowcast.go), Cori and
// WallingaTeunis how many others a case infects (rt.go). Scan looks over places and days for clusters
// (scan.go). Run judges every disease in every commune, province and the nation,
// and Nation does so by what changed (run.go, nation.go): tiers by expected
// count, evidence compared over all series, one alert for what is one event.
//
//	v := outbreak.Epidemic(rules, outbreak.Facts{Group: "B", Endemic: true, Count: 14, Past: years})
//	v.State == outbreak.StateEpidemic && v.Article == "16.1b"
package outbreak
