	alerts "mach/modules/detection"
// legalFlag is the state of the law that stands beside an alert: surveillance
func (a *App) legalFlag(ctx context.Context, actor store.Actor, unit vn.UnitID, disease string, on vn.Date) (alerts.LegalFlag, error) {
		return alerts.LegalFlag{}, err
		return alerts.LegalFlag{Article: s.Month.Article, Level: 2}, nil
		return alerts.LegalFlag{Article: s.Week.Article, Level: 1}, nil
	return alerts.LegalFlag{}, nil
