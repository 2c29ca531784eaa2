# Runs the questions that the benchmark wrote about EARS, CUSUM, Bayes, GLR,
# Rt and nowcasts, with the packages surveillance and, where it is, EpiEstim.
#   Rscript surveillance_glr.R FOLDER
# FOLDER holds series.tsv (id, counts) and runs.tsv (series id, algorithm, from,
# to, settings as R, how often to time it on all series whose id begins so, or 0).
suppressMessages(library(surveillance))
folder <- commandArgs(TRUE)[1]
read <- function(name, columns) read.delim(file.path(folder, name), header = FALSE, col.names = columns,
                                           colClasses = "character", quote = "")
numbers <- function(text) as.numeric(strsplit(text, " ", fixed = TRUE)[[1]])
quietly <- function(expr) { capture.output(r <- suppressMessages(suppressWarnings(expr))); r }

lines <- read("series.tsv", c("id", "counts"))
series <- setNames(lapply(lines$counts, numbers), lines$id)

# ask gives one row for each step of the range: alarm, bound, statistic, mean.
ask <- function(y, algorithm, steps, settings) {
  none <- rep(NA, length(steps))
  if (algorithm == "ears") {
    r <- earsC(sts(y, frequency = 52), control = c(settings, list(range = steps)))
    return(cbind(alarms(r)[, 1], upperbound(r)[, 1], none, none))
  }
  if (algorithm == "cori") {
    r <- quietly(EpiEstim::estimate_R(y, method = "parametric_si", config = EpiEstim::make_config(c(settings, list(t_start = steps, t_end = steps + 6)))))
    return(cbind(none, none, r$R[["Mean(R)"]], r$R[["Quantile.0.975(R)"]]))
  }
  d <- quietly(create.disProg(week = seq_along(y), observed = y, state = 0 * y, freq = 52, start = c(2001, 1)))
  f <- switch(algorithm, cusum = algo.cusum, bayes = algo.bayes, glrpois = algo.glrpois, glrnb = algo.glrnb)
  r <- quietly(f(d, control = c(settings, list(range = steps))))
  up <- as.vector(r$upperbound)
  statistic <- if (algorithm == "cusum") r$cusum else if (algorithm == "bayes") none else up
  mean <- if (is.null(r$control$mu0)) none else as.vector(r$control$mu0)
  cbind(as.vector(r$alarm), up, statistic, mean)
}

runs <- read("runs.tsv", c("id", "algorithm", "from", "to", "settings", "timed"))
answers <- file(file.path(folder, "answers.tsv"), "w")
costs <- file(file.path(folder, "costs.tsv"), "w")
rt <- requireNamespace("EpiEstim", quietly = TRUE)
data(husO104Hosp)
for (i in seq_len(nrow(runs))) {
  q <- runs[i, ]
  if (q$algorithm == "cori" && !rt) next
  settings <- eval(parse(text = q$settings))
  steps <- as.numeric(q$from):as.numeric(q$to)
  if (q$timed == "0") {
    a <- ask(series[[q$id]], q$algorithm, steps, settings)
    write.table(format(cbind(i, steps, a), digits = 15, trim = TRUE), answers, sep = "\t", quote = FALSE,
                row.names = FALSE, col.names = FALSE)
    next
  }
  for (n in seq_len(as.numeric(q$timed))) {
    before <- proc.time()
    some <- series[startsWith(names(series), q$id)]
    if (q$algorithm == "nowcast") {
      now <- as.Date("2011-06-02")
      quietly(nowcast(now = now, when = seq(now - 14, now - 1, by = 1), data = husO104Hosp, dEventCol = "dHosp",
                      dReportCol = "dReport", method = "lawless", D = 15))
    } else for (y in some) ask(y, q$algorithm, steps, settings)
    cost <- proc.time() - before
    cat(i, cost[["user.self"]] + cost[["sys.self"]], "\n", sep = "\t", file = costs)
  }
}
close(answers)
close(costs)
cat(as.character(packageVersion("surveillance")), if (rt) paste("EpiEstim", packageVersion("EpiEstim")) else "no EpiEstim", sep = ", ")
