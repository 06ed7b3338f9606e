//! Lines in a coordinate system, as SVG inside a page.

use std::fmt::Write as _;

use crate::html::escape;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 34.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 45.0;

/// Colours that are told apart by most people, also in print.
const COLOURS: [&str; 4] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A plot and its labels. Both axes begin at zero.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    pub(crate) title: &'static str,
    pub(crate) x: &'static str,
    pub(crate) y: &'static str,
    /// Where the x axis has labels, and which; evenly spaced numbers if there are none.
    pub(crate) ticks: Vec<(f64, String)>,
    pub(crate) lines: Vec<Line>,
}

impl Plot {
    /// The plot as an `svg` element; empty without a point.
    pub(crate) fn svg(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        if points().next().is_none() {
            return String::new();
        }
        let most = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(0.0, f64::max);
        let (x_top, y_top) = (round_up(most(|point| point.0)), round_up(most(|point| point.1)));
        let x_at = |x: f64| LEFT + x / x_top * (WIDTH - LEFT - RIGHT);
        let y_at = |y: f64| HEIGHT - BOTTOM - y / y_top * (HEIGHT - TOP - BOTTOM);
        // Writing to a String cannot fail, so the results say nothing.
        let mut svg = format!(
            r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg"><title>{}</title>"#,
            escape(self.title)
        );
        for step in 0..=4 {
            let value = y_top * f64::from(step) / 4.0;
            let y = y_at(value);
            let _: std::fmt::Result = write!(
                svg,
                r##"<line x1="{LEFT}" x2="{:.1}" y1="{y:.1}" y2="{y:.1}" stroke="#ddd"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"##,
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 4.0,
                number(value)
            );
        }
        let evenly = || (0..=4).map(|step| x_top * f64::from(step) / 4.0).map(|x| (x, number(x)));
        let ticks = if self.ticks.is_empty() { evenly().collect() } else { self.ticks.clone() };
        for (x, label) in ticks.iter().filter(|tick| tick.0 <= x_top) {
            let _: std::fmt::Result = write!(
                svg,
                r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
                x_at(*x),
                HEIGHT - BOTTOM + 16.0,
                escape(label)
            );
        }
        let _: std::fmt::Result = write!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">{}</text><text x="4" y="16">{}</text>"#,
            f64::midpoint(LEFT, WIDTH - RIGHT),
            HEIGHT - 8.0,
            escape(self.x),
            escape(self.y)
        );
        for ((at, line), colour) in self.lines.iter().enumerate().zip(COLOURS.iter().cycle()) {
            let path: Vec<_> = line
                .points
                .iter()
                .map(|(x, y)| format!("{:.1},{:.1}", x_at(*x), y_at(*y)))
                .collect();
            let row = f64::from(u32::try_from(at).unwrap_or(0));
            let _: std::fmt::Result = write!(
                svg,
                r#"<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{}"/><text x="{:.1}" y="{:.1}" text-anchor="end" fill="{colour}">{}</text>"#,
                path.join(" "),
                WIDTH - RIGHT,
                16.0 + 14.0 * row,
                escape(&line.name)
            );
        }
        svg.push_str("</svg>");
        svg
    }
}

/// The next number above that ends an axis well; 1 for nothing.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 5.0, 6.0, 8.0, 10.0];
    steps.iter().map(|step| step * power).find(|top| *top >= value).unwrap_or(10.0 * power)
}

/// A number with as many digits as an axis needs.
fn number(value: f64) -> String {
    if value >= 10_000.0 {
        format!("{:.0}k", value / 1000.0)
    } else if value >= 100.0 || (value.fract() == 0.0) {
        format!("{value:.0}")
    } else {
        format!("{value:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_inside_and_without_points_there_is_no_plot() {
        let line = |points| Line { name: "a<b".to_owned(), points };
        let plot = |points| Plot {
            title: "t & t",
            x: "x",
            y: "y",
            ticks: Vec::new(),
            lines: vec![line(points)],
        };
        assert_eq!(plot(Vec::new()).svg(), "");
        let svg = plot(vec![(0.0, 0.0), (3.0, 17.0), (7.0, 1e6)]).svg();
        let points = svg.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
        let numbers: Vec<f64> =
            points.split([' ', ',']).map(|number| number.parse().unwrap()).collect();
        assert_eq!(numbers.len(), 6);
        for point in numbers.chunks(2) {
            assert!((LEFT..=WIDTH - RIGHT).contains(&point[0]), "{point:?}");
            assert!((TOP..=HEIGHT - BOTTOM).contains(&point[1]), "{point:?}");
        }
        assert!(svg.contains("a&lt;b") && svg.contains("t &amp; t"));
    }

    #[test]
    fn axes_end_at_round_numbers() {
        for (value, top) in [(0.0, 1.0), (1.0, 1.0), (17.0, 20.0), (230.0, 240.0), (0.7, 0.8)] {
            assert!((round_up(value) - top).abs() < 1e-9, "{value}");
        }
        assert_eq!([number(0.25), number(120.0), number(40_000.0)], ["0.25", "120", "40k"]);
    }
}
