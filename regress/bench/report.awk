# Copyright (c) 2026 The vmnetd authors
#
# Permission to use, copy, modify, and distribute this software for any
# purpose with or without fee is hereby granted, provided that the above
# copyright notice and this permission notice appear in all copies.
#
# THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
# WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
# MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
# ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
# WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.


# The table, and all of it as JSON.
#
# usage: awk -v about=TEXT [-v json=FILE] [-v brief=1] -f report.awk figures
#	values notes
#
# values: lines of FIGURE WHO VALUE, one for each round
# notes: lines of PART WHO REASON, why somebody has no figures

function rest(n,	i, s) {
	for (i = n; i <= NF; i++)
		s = s (i > n ? " " : "") $i
	return s
}

# Into sorted[1] ... sorted[n]
function sort_values(key,	i, j, v) {
	n = count[key]
	for (i = 1; i <= n; i++) {
		v = value[key, i] + 0
		for (j = i - 1; j > 0 && sorted[j] > v; j--)
			sorted[j + 1] = sorted[j]
		sorted[j + 1] = v
	}
}

function median_of(key) {
	if (!(key in count))
		return -1
	sort_values(key)
	if (n % 2)
		return sorted[(n + 1) / 2]
	return (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

function short(v) {
	if (v >= 100 || v == int(v))
		return sprintf("%.0f", v)
	return sprintf(v >= 10 ? "%.1f" : "%.2f", v)
}

# Median, and from the least to the most.
function cell(key,	m) {
	if (!(key in count))
		return "-"
	m = median_of(key)
	if (n == 1)
		return short(m)
	return short(m) " (" short(sorted[1]) "-" short(sorted[n]) ")"
}

function plain(key) {
	return key in count ? short(median_of(key)) : "-"
}

function quote(s) {
	gsub(/[\\"]/, "\\\\&", s)
	gsub(/[\001-\037]/, " ", s)
	return "\"" s "\""
}

# What the figure is to the other one, and whether that is enough.
function judge(g,	a, b, ratio, f) {
	a = median_of(goal_figure[g])
	# What must never be is judged by the worst round.
	if (goal_op[g] == "never" && a != -1) {
		goal_is[g] = short(sorted[n])
		return sorted[n] == 0 ? "met" : "missed"
	}
	b = goal_other[g] ~ /^[0-9.]+$/ ? goal_other[g] + 0 : \
	    median_of(goal_other[g])
	if (a == -1 || b == -1)
		return "not measured"
	split(goal_factor[g], f, "/")
	f[1] = 2 in f ? f[1] / f[2] : f[1] + 0
	ratio = b == 0 ? (a == 0 ? 0 : 999) : a / b
	if (goal_factor[g] ~ /\// && a > 0)
		goal_is[g] = short(b / a) " x"
	else if (goal_other[g] ~ /^[0-9.]+$/)
		goal_is[g] = short(a)
	else
		goal_is[g] = short(ratio) " x"
	if (goal_op[g] == "<")
		return ratio < f[1] ? "met" : "missed"
	if (goal_op[g] == "<=")
		return ratio <= f[1] ? "met" : "missed"
	return ratio >= f[1] ? "met" : "missed"
}

$1 == "#" || $1 == "" {
	next
}
FILENAME ~ /figures$/ && $1 == "part" {
	parts[++nparts] = $2
	title[$2] = rest(3)
	next
}
FILENAME ~ /figures$/ && $1 == "figure" {
	figures[++nfigures] = $2
	unit[$2] = $3
	title[$2] = rest(4)
	part_of[$2] = parts[nparts]
	next
}
FILENAME ~ /figures$/ && $1 == "goal" {
	goal_figure[++ngoals] = $2
	goal_op[ngoals] = $3
	goal_factor[ngoals] = $4
	goal_other[ngoals] = $5
	goal_text[ngoals] = rest(6)
	split($2, aim, ":")
	aimed[aim[1]] = aimed[parts[nparts]] = 1
	next
}
FILENAME ~ /values$/ {
	key = $1 ":" $2
	value[key, ++count[key]] = $3
	if ($1 in part_of)
		measured[part_of[$1], $2] = measured[part_of[$1]] = 1
	next
}
FILENAME ~ /notes$/ {
	measured[$1, $2] = measured[$1] = 1
	notes[++nnotes] = $1 " " $2 ": " rest(3)
	note_part[nnotes] = $1
	note_who[nnotes] = $2
	note_text[nnotes] = rest(3)
}

function unit_of(f) {
	return unit[f] == "-" ? "" : ", " unit[f]
}

# The goals of a figure, each at the end of a line or on one of its own.
function print_goals(f, line, indent,	g, j) {
	for (g = 1; g <= ngoals; g++) {
		split(goal_figure[g], j, ":")
		if (j[1] != f)
			continue
		goal_met[g] = judge(g)
		if (goal_met[g] == "not measured" && brief != "")
			continue
		printf("%-" indent "s goal: %-44s %-8s %s\n", line,
		    goal_text[g], goal_is[g], goal_met[g])
		line = ""
	}
	if (line != "")
		print line
}

# brief: medians of what has a goal, only; else all, with their spread.
function print_part(p,	w, i, f, line, width, indent) {
	width = brief != "" ? 9 : 19
	line = sprintf("%-44s", p ":")
	for (w = 1; w <= nwho; w++)
		if ((p, whos[w]) in measured)
			line = line sprintf(" %-" width "s", whos[w])
	indent = brief != "" ? length(line) : 2
	sub(/ +$/, "", line)
	print title[p] "\n" line
	for (i = 1; i <= nfigures; i++) {
		f = figures[i]
		if (part_of[f] != p || (brief != "" && !(f in aimed)))
			continue
		line = sprintf("  %-42s", title[f] unit_of(f))
		for (w = 1; w <= nwho; w++)
			if ((p, whos[w]) in measured)
				line = line sprintf(" %-" width "s",
				    brief != "" ? plain(f ":" whos[w]) : \
				    cell(f ":" whos[w]))
		if (brief == "") {
			sub(/ +$/, "", line)
			print line
			line = ""
		}
		print_goals(f, line, indent)
	}
	for (i = 1; i <= nnotes; i++)
		if (note_part[i] == p)
			print "  - " note_who[i] ": " note_text[i]
	print ""
}

function write_json(	key, i, k, w, f, comma) {
	printf("{\"system\":%s,\n\"figures\":[", quote(about)) >json
	for (i = 1; i <= nfigures; i++)
		for (w = 1; w <= nwho; w++) {
			f = figures[i]
			key = f ":" whos[w]
			if (!(key in count))
				continue
			printf("%s\n{\"figure\":%s,\"who\":%s,\"unit\":%s," \
			    "\"title\":%s,\"median\":%s,\"rounds\":[", comma,
			    quote(f), quote(whos[w]), quote(unit[f]),
			    quote(title[part_of[f]] ", " title[f]),
			    median_of(key)) >json
			for (k = 1; k <= count[key]; k++)
				printf("%s%s", k > 1 ? "," : "",
				    value[key, k] + 0) >json
			printf("]}") >json
			comma = ","
		}
	printf("],\n\"goals\":[") >json
	comma = ""
	for (i = 1; i <= ngoals; i++) {
		if (!(i in goal_met))
			continue
		printf("%s\n{\"figure\":%s,\"goal\":%s,\"is\":%s," \
		    "\"result\":%s}", comma, quote(goal_figure[i]),
		    quote(goal_text[i]), quote(goal_is[i]),
		    quote(goal_met[i])) >json
		comma = ","
	}
	printf("],\n\"notes\":[") >json
	for (i = 1; i <= nnotes; i++)
		printf("%s\n%s", i > 1 ? "," : "", quote(notes[i])) >json
	printf("]}\n") >json
}

END {
	nwho = split("vmnetd floor dnsmasq networkd dhcpd kea udhcpd nft " \
	    "perfdhcp", whos, " ")
	print "Medians of the rounds" \
	    (brief != "" ? "" : " (from the least to the most)") "; " about
	print ""
	for (p = 1; p <= nparts; p++)
		if (parts[p] in measured && (brief == "" || parts[p] in aimed))
			print_part(parts[p])
	if (json != "")
		write_json()
}
