# raw.tsv in (round, way, metric, value); tables out as Markdown; everything as JSON into the file that `json` names.

# Sorts the n numbers a[1…n]; returns the median.
function median_of(a, n,   i, j, t) {
	for (i = 2; i <= n; i++) {
		t = a[i] + 0
		for (j = i - 1; j > 0 && a[j] + 0 > t; j--)
			a[j + 1] = a[j]
		a[j + 1] = t
	}
	low = a[1]
	high = a[n]
	return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
}

# The median of a metric over the rounds, "" if there is none.
function median(way, metric,   r, n, a) {
	for (r = 1; r <= rounds; r++)
		if ((r, way, metric) in value)
			a[++n] = value[r, way, metric]
	return n ? median_of(a, n) : ""
}

# The median over the rounds of one way's figure by another's.
function ratio(way, metric, other, metric2,   r, n, a) {
	for (r = 1; r <= rounds; r++)
		if ((r, way, metric) in value && (r, other, metric2) in value && value[r, other, metric2] > 0)
			a[++n] = value[r, way, metric] / value[r, other, metric2]
	return n ? median_of(a, n) : ""
}

function show(x) {
	if (x == "")
		return "–"
	return x >= 100 ? sprintf("%.0f", x) : x >= 10 ? sprintf("%.1f", x) : sprintf("%.3g", x)
}

# One figure of a way: a metric; "metric:way", the ratio to that of another way; or "metric/metric".
function figure(way, what,   part) {
	if (split(what, part, ":") == 2)
		return ratio(way, part[1], part[2], part[1])
	if (split(what, part, "/") == 2)
		return ratio(way, part[1], way, part[2])
	return median(way, what)
}

# A table: a row for each way, a column for each of the figures.
function table(title, head, columns,   c, n, i, w, row, any, x, rows) {
	n = split(columns, c, " ")
	for (w = 1; w <= ways; w++) {
		row = "| " name[w] " |"
		any = 0
		for (i = 1; i <= n; i++) {
			x = figure(name[w], c[i])
			any += x != ""
			row = row " " show(x) " |"
		}
		if (any)
			rows = rows row "\n"
	}
	if (!rows)
		return
	print "\n### " title "\n\n| way | " head " |"
	printf "|---|"
	for (i = 1; i <= n; i++)
		printf "---|"
	printf "\n%s", rows
}

# All metrics that begin so, as "role value": what each process takes.
function by_role(way, prefix,   m, text, x) {
	for (m = 1; m <= metrics; m++)
		if (index(metric_name[m], prefix ".") == 1) {
			x = median(way, metric_name[m])
			if (x != "")
				text = text (text ? ", " : "") substr(metric_name[m], length(prefix) + 2) " " show(x)
		}
	return text ? text : "–"
}

function role_table(   w) {
	print "\n### Per process\n\n| way | CPU s/GB, 1 stream down | resident idle, MiB | private dirty, MiB | bytes copied per byte carried |\n|---|---|---|---|---|"
	for (w = 1; w <= ways; w++)
		if (by_role(name[w], "down1.cpu") != "–" || by_role(name[w], "rss") != "–")
			print "| " name[w] " | " by_role(name[w], "down1.cpu") " | " by_role(name[w], "rss") " | " \
			    by_role(name[w], "dirty") " | " by_role(name[w], "copied") " |"
}

function best(a, b) { return a == "" ? b : b == "" ? a : a > b ? a : b }
function worst(a, b) { return a == "" ? b : b == "" ? a : a < b ? a : b }
function highest(way, prefix,   m, x) {
	for (m = 1; m <= metrics; m++)
		if (index(metric_name[m], prefix ".") == 1)
			x = best(x, median(way, metric_name[m]))
	return x
}

# One line of what is to be reached. `sign` is ">=" or "<=".
function goal(text, x, sign, limit) {
	if (x == "")
		return
	printf "| %s | %s | %s %s | %s |\n", text, show(x), sign == ">=" ? "≥" : "≤", limit, \
	    (sign == ">=" ? x >= limit : x <= limit) ? "yes" : "**no**"
}

function least_ratio(way, other, metric) {
	return worst(ratio(way, "up1." metric, other, "up1." metric), ratio(way, "down1." metric, other, "down1." metric))
}

function handshakes(metric) {
	return worst(ratio("postern", "handshake1." metric, "ockam", "handshake1." metric), \
	    ratio("postern", "handshake8." metric, "ockam", "handshake8." metric))
}

function goals() {
	print "\n### What is to be reached\n\nBoth directions count: the worse one is shown.\n\n| what | here | goal | reached |\n|---|---|---|---|"
	goal("postern, 1 stream, to HAProxy with mTLS", least_ratio("postern", "haproxy", "gbps"), ">=", 1.2)
	goal("postern, 1 stream, to Ockam", least_ratio("postern", "ockam", "gbps"), ">=", 1.2)
	goal("postern, 1 stream, to forward", least_ratio("postern", "forward", "gbps"), ">=", 0.36)
	goal("postern-ws, 1 stream, to postern", least_ratio("postern-ws", "postern", "gbps"), ">=", 0.6)
	goal("postern-quic, 1 stream, to postern", least_ratio("postern-quic", "postern", "gbps"), ">=", 0.15)
	goal("postern, CPU s/GB", best(median("postern", "up1.cpu"), median("postern", "down1.cpu")), "<=", 1.3)
	goal("postern-relay, 1 stream, to ockam-relay", least_ratio("postern-relay", "ockam-relay", "gbps"), ">=", 1.2)
	goal("postern-nested, 1 stream, to ockam-nested", least_ratio("postern-nested", "ockam-nested", "gbps"), ">=", 1.5)
	goal("postern, 64 B p50, to forward-twice", ratio("postern", "ping.p50_us", "forward-twice", "ping.p50_us"), "<=", 1.3)
	goal("postern, 64 B p99 beside bulk, to idle", ratio("postern", "beside.p99_us", "postern", "ping.p99_us"), "<=", 3)
	goal("postern, new connections 1 at a time, to haproxy-plain", ratio("postern", "conn1.per_s", "haproxy-plain", "conn1.per_s"), ">=", 0.65)
	goal("postern, new connections 32 at a time, to haproxy-plain", ratio("postern", "conn32.per_s", "haproxy-plain", "conn32.per_s"), ">=", 0.6)
	goal("postern, new connection after a busy one closed, ms", median("postern", "close.ms"), "<=", 1)
	goal("postern, exec to first byte, ms", median("postern", "start.ms"), "<=", 15)
	goal("postern, handshakes to what the keys alone allow", \
	    worst(median("postern", "handshake1.of_keys"), median("postern", "handshake8.of_keys")), ">=", 0.6)
	goal("postern, handshakes to Ockam", worst(handshakes("per_s"), handshakes("core_per_s")), ">=", 1)
	goal("postern, CPU time of a channel with credentials, first meeting, to without", median("postern", "credentials.first"), "<=", 2)
	goal("postern, the same when both are known", median("postern", "credentials.known"), "<=", 2)
	goal("postern, a decision of the default policy, ns", median("postern", "policies.default_ns"), "<=", 1000)
	goal("postern, pgbench -S to direct", ratio("postern", "pg.tps", "none", "pg.tps"), ">=", 0.6)
	goal("postern-nested, pgbench -S to direct", ratio("postern-nested", "pg.tps", "none", "pg.tps"), ">=", 0.45)
	goal("postern, longest round trip during a reload, ms", median("postern", "reload.ms"), "<=", 10)
	goal("postern, stream beside a stalled one, to alone", median("postern", "stall.ratio"), ">=", 0.95)
	goal("postern, throughput after " median("postern", "aging.count") " connections, to fresh", \
	    ratio("postern", "aged.gbps", "postern", "down1.gbps"), ">=", 0.95)
	goal("postern, growth over " median("postern", "volume.gb") " GB, MiB", median("postern", "volume.grown_mib"), "<=", 1)
	goal("postern, resident idle, MiB a process", highest("postern", "rss"), "<=", 12)
	goal("postern, private dirty, MiB a process", highest("postern", "dirty"), "<=", 4)
	goal("postern, KiB an idle connection, all processes", median("postern", "hold.kb_per_conn"), "<=", 16)
	goal("postern, bytes of an idle worker, of a million", median("postern", "workers.bytes"), "<=", 200)
	goal("postern, bytes copied per byte carried", highest("postern", "copied"), "<=", 0.07)
}

function quoted(text) {
	gsub(/[\\"]/, "\\\\&", text)
	return "\"" text "\""
}

function write_json(   w, m, x, first) {
	printf "{" >json
	for (w = 1; w <= ways; w++) {
		printf "%s\n  %s: {\n    \"about\": %s", (w > 1 ? "," : ""), quoted(name[w]), quoted(about[name[w]]) >json
		for (m = 1; m <= metrics; m++) {
			x = median(name[w], metric_name[m])
			if (x != "")
				printf ",\n    %s: {\"median\": %s, \"min\": %s, \"max\": %s}", quoted(metric_name[m]), x, low, high >json
		}
		printf "\n  }" >json
	}
	print "\n}" >json
}

BEGIN { FS = "\t" }
$1 == 0 {
	name[++ways] = $2
	about[$2] = $4
	next
}
{
	value[$1, $2, $3] = $4
	rounds = $1 > rounds ? $1 : rounds
	if (!($3 in seen)) {
		seen[$3] = 1
		metric_name[++metrics] = $3
	}
}
END {
	print "Medians of " rounds " rounds; \"×\" is the ratio to nothing in between, in the same round.\n\n| way | what it is |\n|---|---|"
	for (w = 1; w <= ways; w++)
		print "| " name[w] " | " about[name[w]] " |"
	table("Throughput", "1 stream up, Gbit/s | × | 1 down | × | 8 up | × | 8 down | × | CPU s/GB, 1 up | 1 down | 8 up | 8 down", \
	    "up1.gbps up1.gbps:none down1.gbps down1.gbps:none up8.gbps up8.gbps:none down8.gbps down8.gbps:none up1.cpu down1.cpu up8.cpu down8.cpu")
	table("Round trips of 64 bytes, µs", "idle p50 | × | p99 | beside bulk p50 | p99 | p99 to idle | bulk meanwhile, Gbit/s", \
	    "ping.p50_us ping.p50_us:none ping.p99_us beside.p50_us beside.p99_us beside.p99_us/ping.p99_us beside.bulk_gbps")
	table("Connections", "1 at a time, /s | × | to haproxy-plain | 32 at a time, /s | × | to haproxy-plain | failed | after a busy one closed, ms | at most", \
	    "conn1.per_s conn1.per_s:none conn1.per_s:haproxy-plain conn32.per_s conn32.per_s:none conn32.per_s:haproxy-plain conn32.failed close.ms close.most_ms")
	table("After many connections", "how many | throughput then, Gbit/s | to fresh", "aging.count aged.gbps aged.gbps/down1.gbps")
	table("Starting: ms to the first byte there and back", "near end, from exec | at most | all of them, from exec | at most | set up as a user does", \
	    "start.ms start.most_ms together.ms together.most_ms first.ms")
	table("Handshakes", "1 at a time, /s | by CPU second of who answers | to the keys alone | 8 at a time, /s | by CPU second | to the keys alone | what the keys alone allow, /s", \
	    "handshake1.per_s handshake1.core_per_s handshake1.of_keys handshake8.per_s handshake8.core_per_s handshake8.of_keys handshake8.keys_per_s")
	table("Channels with credentials, µs of CPU time of both sides", "without | with, first meeting | × | with, known | ×", \
	    "credentials.without_us credentials.first_us credentials.first credentials.known_us credentials.known")
	table("The price of deadlines, to the same C natively", "Fibonacci, ms natively | without the checks | with them | by wabt | SHA-256, ms natively | without | with | by wabt | a call, ns | an instance, µs", \
	    "deadlines.fib_native_ms deadlines.fib_without deadlines.fib_with deadlines.fib_wabt deadlines.sha256_native_ms deadlines.sha256_without deadlines.sha256_with deadlines.sha256_wabt deadlines.call_ns deadlines.instance_us")
	table("PostgreSQL, pgbench -S with 8 clients", "transactions/s | × | to haproxy-plain", "pg.tps pg.tps:none pg.tps:haproxy-plain")
	table("Streams beside each other", "alone, Gbit/s | beside a stalled one | ratio | growth, MiB | new connection then, ms | longest round trip during a reload, ms", \
	    "stall.alone_gbps stall.beside_gbps stall.ratio stall.grown_mib stall.fresh_ms reload.ms")
	table("Memory", "KiB an idle connection | GB carried | resident first, MiB | last | growth", \
	    "hold.kb_per_conn volume.gb volume.rss_first_mib volume.rss_last_mib volume.grown_mib")
	role_table()
	goals()
	write_json()
}
