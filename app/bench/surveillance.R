# Runs the questions that the benchmark wrote, with the package surveillance,
# and says what they gave and what they cost.
#   Rscript surveillance.R FOLDER
# FOLDER holds series.tsv (id, freq, first date or -, counts, populations or -)
# and runs.tsv (series id, algorithm, from, to, settings as R, seconds wanted or 0).
suppressMessages(library(surveillance))
folder <- commandArgs(TRUE)[1]
read <- function(name, columns) read.delim(file.path(folder, name), header = FALSE, col.names = columns,
                                           colClasses = "character", quote = "")
numbers <- function(text) as.numeric(strsplit(text, " ", fixed = TRUE)[[1]])

lines <- read("series.tsv", c("id", "freq", "first", "counts", "people"))
series <- list()
for (i in seq_len(nrow(lines))) {
  freq <- as.numeric(lines$freq[i])
  y <- numbers(lines$counts[i])
  s <- if (lines$first[i] == "-") {
    sts(y, frequency = freq, start = c(2001, 1))
  } else {
    days <- seq(as.Date(lines$first[i]), by = if (freq == 52) 7 else "month", length.out = length(y))
    sts(y, frequency = freq, epoch = as.numeric(days), epochAsDate = TRUE)
  }
  if (lines$people[i] != "-") population(s) <- matrix(numbers(lines$people[i]))
  series[[lines$id[i]]] <- s
}

# ask gives one row for each step of the range.
ask <- function(s, algorithm, steps, settings) {
  if (algorithm == "farrington") {
    r <- suppressWarnings(farrington(s, c(settings, list(range = steps)), verbose = FALSE))
    none <- rep(NA, length(steps))
    return(cbind(alarms(r), upperbound(r), none, none, none, none))
  }
  r <- suppressWarnings(farringtonFlexible(s, c(settings, list(range = steps, glmWarnings = FALSE))))
  d <- r@control
  cbind(alarms(r), upperbound(r), d$expected, d$phi, d$trendVector, d$pvalue)
}

runs <- read("runs.tsv", c("id", "algorithm", "from", "to", "settings", "timed"))
answers <- file(file.path(folder, "answers.tsv"), "w")
costs <- file(file.path(folder, "costs.tsv"), "w")
for (i in seq_len(nrow(runs))) {
  q <- runs[i, ]
  settings <- eval(parse(text = q$settings))
  steps <- as.numeric(q$from):as.numeric(q$to)
  if (q$timed == "1") { # all series, one after another
    before <- proc.time()
    for (s in series[grepl(q$id, names(series))]) ask(s, q$algorithm, steps, settings)
    cost <- proc.time() - before
    cat(q$algorithm, cost[["user.self"]] + cost[["sys.self"]], "\n", sep = "\t", file = costs)
  } else {
    a <- ask(series[[q$id]], q$algorithm, steps, settings)
    write.table(format(cbind(i, steps, a), digits = 15, trim = TRUE), answers, sep = "\t", quote = FALSE,
                row.names = FALSE, col.names = FALSE)
  }
}
close(answers)
close(costs)
cat(as.character(packageVersion("surveillance")), R.version$version.string, sep = "\t")
