//! What windows of examples are drawn from: pictures that wgpu draws into egui's passes, and curves.

use super::tiles::Tiles;
use crate::scene::scatter::{Colours, Scatter, colours_of_classes};
use dann::train::StepMetrics;
use dann::wgpu;
use eframe::egui::{self, Color32, Response, Role, Sense, Ui, WidgetInfo, epaint::TextShape, vec2};
use eframe::egui_wgpu::{Callback, CallbackResources, CallbackTrait};
use egui_plot::{Corner, Legend, Line, Plot, PlotPoints};

/// Points of a curve: enough for its width in pixels.
const POINTS: usize = 400;
/// What colours, which are chosen for a dark ground, are multiplied by on a light one to stand out there as well.
const SHADE_ON_LIGHT: f32 = 0.57;
pub const SOURCE: Color32 = Color32::from_rgb(66, 158, 242);
pub const TARGET: Color32 = Color32::from_rgb(255, 140, 51);
pub const GOOD: Color32 = Color32::from_rgb(80, 190, 120);
pub const DOMAINS: Color32 = Color32::from_rgb(190, 120, 220);

/// A picture that egui leaves to wgpu.
enum Picture {
    Scatter(Scatter),
    Tiles(Tiles),
}

impl CallbackTrait for Picture {
    fn paint(&self, _: egui::PaintCallbackInfo, pass: &mut wgpu::RenderPass<'static>, _: &CallbackResources) {
        match self {
            Self::Scatter(scatter) => scatter.draw(pass),
            Self::Tiles(tiles) => tiles.draw(pass),
        }
    }
}

fn shade(visuals: &egui::Visuals) -> f32 {
    if visuals.dark_mode { 1.0 } else { SHADE_ON_LIGHT }
}

/// A colour as it stands out from the window's ground.
pub fn on_ground(visuals: &egui::Visuals, colour: Color32) -> Color32 {
    let [r, g, b] = [colour.r(), colour.g(), colour.b()].map(|part| (f32::from(part) * shade(visuals)) as u8);
    Color32::from_rgb(r, g, b)
}

/// Says in words what a picture shows, for those who do not see it.
fn described(response: &Response, words: &str) {
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, words));
}

/// The features as `scatter` shows them, in a frame of that size.
pub fn features(ui: &mut Ui, queue: &wgpu::Queue, scatter: &Scatter, colours: Colours, size: egui::Vec2) {
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let (sources, targets) = (scatter.source_rows, scatter.rows - scatter.source_rows);
    let by = match colours {
        Colours::Domain => "domain",
        Colours::Class => "class, source points by label and target points by prediction",
    };
    let words = format!(
        "Features of the batch: {sources} source points as discs and {targets} target points as rings, coloured by {by}"
    );
    described(&response, &words);
    let edge = ui.visuals().widgets.noninteractive.bg_stroke;
    ui.painter().rect_stroke(rect, 6.0, edge, egui::StrokeKind::Inside);
    let scale = ui.ctx().pixels_per_point();
    scatter.look(
        queue,
        colours,
        shade(ui.visuals()),
        5.0 * scale,
        [rect.width() * scale, rect.height() * scale],
    );
    let picture = Picture::Scatter(scatter.clone());
    ui.painter().add(Callback::new_paint_callback(rect, picture));
    // The axes are those of the largest variance.
    let (font, colour) = (egui::FontId::proportional(12.0), ui.visuals().weak_text_color());
    let below = rect.center_bottom() + vec2(0.0, -6.0);
    let first = "first principal axis, in standard deviations";
    ui.painter().text(below, egui::Align2::CENTER_BOTTOM, first, font.clone(), colour);
    let second = ui.painter().layout_no_wrap("second principal axis".to_owned(), font, colour);
    let beside = rect.left_center() + vec2(6.0, second.size().x / 2.0);
    let upright = TextShape::new(beside, second, colour).with_angle(-std::f32::consts::FRAC_PI_2);
    ui.painter().add(upright);
}

/// What the points of the features are.
pub fn legend(ui: &mut Ui, colours: Colours) {
    ui.horizontal(|ui| match colours {
        Colours::Domain => {
            mark(ui, on_ground(ui.visuals(), SOURCE), false, "source");
            mark(ui, on_ground(ui.visuals(), TARGET), true, "target");
        }
        Colours::Class => {
            let grey = ui.visuals().text_color();
            mark(ui, grey, false, "source, by label");
            mark(ui, grey, true, "target, by prediction");
            for (class, [r, g, b]) in colours_of_classes().into_iter().enumerate() {
                let colour = on_ground(ui.visuals(), Color32::from_rgb(r, g, b));
                ui.colored_label(colour, class.to_string());
            }
        }
    });
}

/// What the points are coloured by, at the right end of a row.
pub fn choice_of_colours(ui: &mut Ui, colours: &mut Colours) {
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        ui.selectable_value(colours, Colours::Class, "classes").accessible_name("points coloured by classes");
        ui.selectable_value(colours, Colours::Domain, "domains")
            .accessible_name("points coloured by domains");
    });
}

/// What a kind of points is called.
fn mark(ui: &mut Ui, colour: Color32, ring: bool, name: &str) {
    let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
    if ring {
        ui.painter().circle_stroke(rect.center(), 4.0, (2.0, colour));
    } else {
        ui.painter().circle_filled(rect.center(), 5.0, colour);
    }
    ui.label(name);
}

/// A grid in as much of the room as its shape and `share` of the height leave it; `words` say what it shows.
pub fn tiles(ui: &mut Ui, tiles: &Tiles, share: f32, words: &str) {
    let room = ui.available_size();
    let tile = (room.x / tiles.columns as f32).min(room.y * share / tiles.rows as f32).max(1.0);
    let size = vec2(tile * tiles.columns as f32, tile * tiles.rows as f32);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    described(&response, words);
    ui.painter().add(Callback::new_paint_callback(rect, Picture::Tiles(tiles.clone())));
}

/// A curve's points: means over as many steps as there are too many.
pub fn points(all: &[StepMetrics], value: impl Fn(&StepMetrics) -> Option<f32>) -> Vec<[f64; 2]> {
    let together = all.len().div_ceil(POINTS).max(1);
    let mean = |steps: &[StepMetrics]| {
        let sum: f64 = steps.iter().map(|m| value(m).map(f64::from)).sum::<Option<f64>>()?;
        Some([steps[0].step as f64, sum / steps.len() as f64])
    };
    all.chunks(together).filter_map(mean).collect()
}

/// Curves against the step, in a plot of that height. Few values that stand out do not press all others to the ground.
pub fn plot<const N: usize>(
    ui: &mut Ui,
    (name, values): (&str, &str),
    height: f32,
    legend: Corner,
    curves: [(&str, Color32, Vec<[f64; 2]>); N],
) {
    let mut all: Vec<f64> = curves.iter().flat_map(|(.., points)| points.iter().map(|[_, y]| *y)).collect();
    all.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| all.get(((all.len() as f64 - 1.0) * share) as usize).copied().unwrap_or(1.0);
    let top = at(1.0).min(1.5 * at(0.98)).max(1.0);
    let last = |(name, _, points): &(&str, Color32, Vec<[f64; 2]>)| match points.last() {
        Some([_, y]) => format!("{name} {y:.2}"),
        None => format!("{name} not known yet"),
    };
    let words =
        format!("Curves of {values}, and their last values: {}", curves.each_ref().map(last).join(", "));
    let visuals = ui.visuals().clone();
    let shown = Plot::new(name)
        .height(height)
        .legend(Legend::default().position(legend))
        .show_background(false)
        .x_axis_label("step")
        .y_axis_label(values)
        .allow_scroll(false)
        .allow_drag(false)
        .allow_zoom(false)
        // Nothing to do there, so the keyboard's focus passes it by.
        .sense(Sense::hover())
        .show(ui, |plot| {
            plot.set_plot_bounds_y(0.0..=1.03 * top);
            for (name, colour, points) in curves {
                plot.line(
                    Line::new(name, PlotPoints::from(points)).color(on_ground(&visuals, colour)).width(1.8),
                );
            }
        });
    described(&shown.response, &words);
}
