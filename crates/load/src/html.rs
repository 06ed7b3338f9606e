//! A report as one page with plots, which needs nothing but itself.

use std::fmt::Write as _;

use crate::plot::{Line, Plot};
use crate::report::{Report, float};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:760px;margin:2em auto;\
    padding:0 1em;color:#222}table{border-collapse:collapse}td{padding:.1em 1.5em .1em 0;\
    border-bottom:1px solid #eee}svg{width:100%;height:auto;margin:1em 0}\
    svg text{font:12px system-ui,sans-serif}.bad{color:#b00}";

/// The page.
pub fn page(report: &Report) -> String {
    let verdict = if report.is_clean() {
        "<p>Every session was up until the end and nothing went wrong.</p>"
    } else {
        "<p class=\"bad\">Not everything went as it should; see the table.</p>"
    };
    let title = format!("{} {}", report.workload, report.url);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><title>{0}</title>\
         <style>{STYLE}</style></head><body>\n<h1>{0}</h1>\n<p>{1} sessions over {2}{3}, {4} \
         thread(s) of encke-load.</p>\n{verdict}\n<table>\n",
        escape(&title),
        report.sessions,
        report.transport,
        if report.ack { " with acknowledgements" } else { "" },
        report.threads,
    );
    for row in report.rows() {
        // Writing to a String cannot fail, so the result says nothing.
        let _: std::fmt::Result = writeln!(
            page,
            "<tr><td>{}</td><td>{}</td></tr>",
            escape(row.label.trim()),
            escape(&row.value)
        );
    }
    for (error, count) in &report.errors {
        let _: std::fmt::Result =
            writeln!(page, "<tr class=\"bad\"><td>{}</td><td>{count}</td></tr>", escape(error));
    }
    page.push_str("</table>\n");
    for plot in plots(report) {
        let svg = plot.svg();
        if !svg.is_empty() {
            let _: std::fmt::Result = writeln!(page, "<h2>{}</h2>\n{svg}", escape(plot.title));
        }
    }
    page.push_str("</body></html>\n");
    page
}

fn plots(report: &Report) -> Vec<Plot> {
    let samples = &report.timeline;
    let rate = |of: fn(&crate::timeline::Sample) -> u64| -> Vec<(f64, f64)> {
        let steps = samples.iter().zip(samples.iter().skip(1));
        steps
            .map(|(before, now)| {
                let step = (now.at_seconds - before.at_seconds).max(1e-3);
                (now.at_seconds, float(of(now).saturating_sub(of(before))) / step)
            })
            .collect()
    };
    let line = |name: &str, points| Line { name: name.to_owned(), points };
    let mut plots = Vec::new();
    if let Some(traffic) = &report.traffic {
        // 0.9 at 1, 0.99 at 2 and so on.
        let at = |quantile: f64| -(1.0 - quantile).max(1e-9).log10();
        let points =
            traffic.percentiles.iter().map(|point| (at(point.quantile), float(point.us) / 1000.0));
        let ticks = ["0", "90%", "99%", "99.9%", "99.99%", "99.999%", "99.9999%"];
        plots.push(Plot {
            title: "Latency by percentile",
            x: "share of deliveries",
            y: "ms",
            ticks: (0_u32..).map(f64::from).zip(ticks.map(str::to_owned)).collect(),
            lines: vec![line("latency", points.collect())],
        });
        plots.push(Plot {
            title: "Throughput",
            x: "seconds",
            y: "a second",
            ticks: Vec::new(),
            lines: vec![
                line("deliveries", rate(|sample| sample.delivered)),
                line("messages", rate(|sample| sample.sent)),
            ],
        });
    }
    plots.push(Plot {
        title: "Sessions",
        x: "seconds",
        y: "sessions",
        ticks: Vec::new(),
        lines: vec![
            line("up", samples.iter().map(|now| (now.at_seconds, float(now.up))).collect()),
            line(
                "polls held",
                samples.iter().map(|now| (now.at_seconds, float(now.held))).collect(),
            ),
        ],
    });
    if let Some(server) = &report.server {
        let memory = |sample: &crate::timeline::Sample| Some((sample.server_bytes?, sample.up));
        let total = samples.iter().filter_map(|now| {
            memory(now).map(|(bytes, _)| (now.at_seconds, float(bytes) / 1_048_576.0))
        });
        let each = samples.iter().filter_map(|now| {
            let (bytes, up) = memory(now).filter(|(_, up)| *up > 0)?;
            let gained = bytes.saturating_sub(server.before_bytes);
            Some((now.at_seconds, float(gained) / float(up) / 1024.0))
        });
        plots.push(Plot {
            title: "Memory of the server",
            x: "seconds",
            y: "MiB",
            ticks: Vec::new(),
            lines: vec![line("resident set", total.collect())],
        });
        plots.push(Plot {
            title: "Memory per session",
            x: "seconds",
            y: "KiB",
            ticks: Vec::new(),
            lines: vec![line("growth of the resident set / sessions", each.collect())],
        });
    }
    plots
}

/// Text inside an element or an attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // No text in a page may hold these.
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
