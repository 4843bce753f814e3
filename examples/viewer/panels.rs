//! What stands where in the window.

use super::app::{Control, Viewer};
use super::tiles::Tiles;
use crate::scene::scatter::{Colours, Scatter};
use dann::train::StepMetrics;
use dann::wgpu;
use eframe::egui::{self, Button, Color32, RichText, Sense, Slider, Ui, vec2};
use eframe::egui_wgpu::{Callback, CallbackResources, CallbackTrait};
use egui_plot::{Corner, Legend, Line, Plot, PlotPoints};
use std::time::Duration;

const CONTROLS: f32 = 240.0;
/// Without a fill of its own: the window is cleared in that colour, which costs a processor far less than drawing it.
const FRAME: egui::Frame = egui::Frame { inner_margin: egui::Margin::same(8), ..egui::Frame::NONE };
const PLOTS: f32 = 210.0;
/// Points of a curve: enough for its width in pixels.
const POINTS: usize = 400;
const ACCENT: Color32 = Color32::from_rgb(47, 111, 237);
const SOURCE: Color32 = Color32::from_rgb(66, 158, 242);
const TARGET: Color32 = Color32::from_rgb(255, 140, 51);
const GOOD: Color32 = Color32::from_rgb(80, 190, 120);
const BAD: Color32 = Color32::from_rgb(240, 100, 90);

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

impl Viewer {
    pub(super) fn panels(&mut self, ui: &mut Ui) {
        egui::Panel::left("controls")
            .exact_size(CONTROLS)
            .resizable(false)
            .frame(FRAME)
            .show(ui, |ui| egui::ScrollArea::vertical().show(ui, |ui| self.controls(ui)));
        egui::CentralPanel::default().frame(FRAME).show(ui, |ui| {
            ui.columns_const(|[left, right]| {
                self.losses(left);
                self.rates(right);
            });
            ui.add_space(6.0);
            ui.columns_const(|[left, right]| {
                self.features(left);
                self.pictures(right);
            });
        });
    }

    fn controls(&mut self, ui: &mut Ui) {
        ui.add_space(8.0);
        ui.heading("Domain-adversarial training");
        ui.add_space(8.0);
        let paused = self.session.trainer.is_paused();
        let text = RichText::new(if paused { "Go on" } else { "Pause" }).color(Color32::WHITE).strong();
        let wide = vec2(ui.available_width(), 30.0);
        if ui.add_sized(wide, Button::new(text).fill(ACCENT)).on_hover_text("Space").clicked() {
            self.set_paused(!paused);
        }
        ui.horizontal(|ui| {
            let half = vec2((ui.available_width() - ui.spacing().item_spacing.x) / 2.0, 26.0);
            if ui.add(Button::new("Reset").min_size(half)).on_hover_text("R").clicked() {
                self.reset();
            }
            if ui.add(Button::new("Save").min_size(half)).on_hover_text("S").clicked() {
                self.save();
            }
        });
        ui.add_space(10.0);
        let last = self.session.curves.last().copied();
        control(
            ui,
            "λ, the weight of the reversed gradient",
            &mut self.lambda,
            last.map(|m| m.lambda),
            |value| Slider::new(value, 0.0..=2.0).fixed_decimals(2),
        );
        let rate = last.map(|m| m.learning_rate);
        control(ui, "Learning rate", &mut self.learning_rate, rate, |value| {
            Slider::new(value, 1e-5..=0.1).logarithmic(true).custom_formatter(|v, _| format!("{v:.5}"))
        });
        ui.separator();
        self.readings(ui, last);
        ui.separator();
        self.choice_of_adapter(ui);
        ui.add_space(8.0);
        let colour = if self.failed { BAD } else { ui.visuals().text_color() };
        ui.add(egui::Label::new(RichText::new(&self.message).color(colour)).wrap());
        ui.add_space(8.0);
        ui.weak("Space pause · R reset · S save · C colours\nTab and arrow keys move the sliders");
    }

    fn readings(&self, ui: &mut Ui, last: Option<StepMetrics>) {
        let session = &self.session;
        let (done, total) = (session.trainer.steps_done(), session.trainer.total_steps());
        let text = match session.is_finished() {
            true => format!("finished after {total} steps"),
            false => format!("step {done} of {total}"),
        };
        ui.add(egui::ProgressBar::new(done as f32 / total as f32).text(text));
        let time = |time: Option<Duration>| {
            time.map_or("–".into(), |time| format!("{:.1} ms", time.as_secs_f64() * 1e3))
        };
        let share =
            |value: Option<f32>| value.map_or("–".into(), |value| format!("{:.0} %", 100.0 * value));
        let steps = if session.steps == 1 { "step" } else { "steps" };
        let rows = [
            ("Source rows right".to_owned(), share(last.map(|m| m.label_accuracy))),
            ("Domains told apart".into(), share(last.and_then(|m| m.domain_accuracy))),
            (format!("GPU time, {} {steps} a frame", session.steps), time(session.trainer.gpu_time())),
            ("Frame, median".into(), time(self.frames.recent(0.5))),
            ("Frame, 95 of 100 within".into(), time(self.frames.recent(0.95))),
        ];
        for (name, value) in rows {
            ui.horizontal(|ui| {
                ui.label(name);
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| ui.strong(value));
            });
        }
    }

    fn choice_of_adapter(&mut self, ui: &mut Ui) {
        let current = super::adapters::named(&self.state.adapter);
        let mut chosen = None;
        ui.label("Adapter (another one opens a new window)");
        egui::ComboBox::from_id_salt("adapter")
            .width(ui.available_width())
            .truncate()
            .selected_text(&current)
            .show_ui(ui, |ui| {
                for name in &self.adapters {
                    if ui.selectable_label(*name == current, name).clicked() && *name != current {
                        chosen = Some(name.clone());
                    }
                }
            });
        if let Some(name) = chosen {
            self.reopen(ui.ctx(), &name);
        }
    }

    fn losses(&self, ui: &mut Ui) {
        ui.strong("Losses");
        let curves = [
            ("label loss, source", SOURCE, points(&self.session.curves, |m| Some(m.label_loss))),
            ("domain loss", TARGET, points(&self.session.curves, |m| m.domain_loss)),
        ];
        plot(ui, ("losses", "loss"), Corner::RightTop, curves);
    }

    fn rates(&self, ui: &mut Ui) {
        ui.strong("Accuracies and λ");
        let curves = [
            ("labels, source", SOURCE, points(&self.session.curves, |m| Some(m.label_accuracy))),
            ("domains", TARGET, points(&self.session.curves, |m| m.domain_accuracy)),
            ("λ", GOOD, points(&self.session.curves, |m| Some(m.lambda))),
        ];
        plot(ui, ("rates", "share, or λ"), Corner::RightBottom, curves);
    }

    fn features(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            ui.strong("Features of the batch, where they vary most");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.selectable_value(&mut self.colours, Colours::Class, "classes");
                ui.selectable_value(&mut self.colours, Colours::Domain, "domains");
            });
        });
        ui.horizontal(|ui| match self.colours {
            Colours::Domain => {
                mark(ui, SOURCE, false, "source");
                mark(ui, TARGET, true, "target");
            }
            Colours::Class => {
                let grey = ui.visuals().text_color();
                mark(ui, grey, false, "source, by label");
                mark(ui, grey, true, "target, by prediction");
            }
        });
        let room = ui.available_size();
        let (rect, _) = ui.allocate_exact_size(room, Sense::hover());
        let edge = ui.visuals().widgets.noninteractive.bg_stroke;
        ui.painter().rect_stroke(rect, 6.0, edge, egui::StrokeKind::Inside);
        let scale = ui.ctx().pixels_per_point();
        let size = [rect.width() * scale, rect.height() * scale];
        self.session.scatter.look(&self.state.queue, self.colours, 5.0 * scale, size);
        let picture = Picture::Scatter(self.session.scatter.clone());
        ui.painter().add(Callback::new_paint_callback(rect, picture));
        axes(ui, rect);
    }

    fn pictures(&self, ui: &mut Ui) {
        ui.strong("Target images and what is predicted for them");
        tiles(ui, &self.session.images, 0.72);
        if let Some(filters) = &self.session.filters {
            ui.add_space(6.0);
            ui.strong("Filters of the first layer");
            tiles(ui, filters, 1.0);
        }
    }
}

/// What the axes of the features are: those of their largest variance.
fn axes(ui: &Ui, rect: egui::Rect) {
    let (font, colour) = (egui::FontId::proportional(12.0), ui.visuals().weak_text_color());
    let [below, beside] = [rect.center_bottom() + vec2(0.0, -6.0), rect.left_top() + vec2(6.0, 6.0)];
    let first = "first principal axis, in standard deviations →";
    ui.painter().text(below, egui::Align2::CENTER_BOTTOM, first, font.clone(), colour);
    ui.painter().text(beside, egui::Align2::LEFT_TOP, "↑ second principal axis", font, colour);
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

/// A value by schedule or by hand.
fn control<'a>(
    ui: &mut Ui,
    name: &str,
    control: &'a mut Control,
    scheduled: Option<f32>,
    slider: impl FnOnce(&'a mut f32) -> Slider<'a>,
) {
    ui.label(name);
    ui.checkbox(&mut control.by_schedule, "by schedule");
    if let Some(scheduled) = scheduled.filter(|_| control.by_schedule) {
        // By hand goes on from where the schedule was.
        control.value = scheduled;
    }
    let by_hand = !control.by_schedule;
    ui.spacing_mut().slider_width = 150.0;
    ui.add_enabled(by_hand, slider(&mut control.value));
    ui.add_space(6.0);
}

/// A grid in as much of the room as its shape and `share` of the height leave it.
fn tiles(ui: &mut Ui, tiles: &Tiles, share: f32) {
    let room = ui.available_size();
    let tile = (room.x / tiles.columns as f32).min(room.y * share / tiles.rows as f32).max(1.0);
    let size = vec2(tile * tiles.columns as f32, tile * tiles.rows as f32);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().add(Callback::new_paint_callback(rect, Picture::Tiles(tiles.clone())));
}

/// A curve's points: means over as many steps as there are too many.
fn points(all: &[StepMetrics], value: impl Fn(&StepMetrics) -> Option<f32>) -> Vec<[f64; 2]> {
    let together = all.len().div_ceil(POINTS).max(1);
    let mean = |steps: &[StepMetrics]| {
        let sum: f64 = steps.iter().map(|m| value(m).map(f64::from)).sum::<Option<f64>>()?;
        Some([steps[0].step as f64, sum / steps.len() as f64])
    };
    all.chunks(together).filter_map(mean).collect()
}

fn plot<const N: usize>(
    ui: &mut Ui,
    (name, values): (&str, &str),
    legend: Corner,
    curves: [(&str, Color32, Vec<[f64; 2]>); N],
) {
    Plot::new(name)
        .height(PLOTS - 24.0)
        .legend(Legend::default().position(legend))
        .show_background(false)
        .x_axis_label("step")
        .y_axis_label(values)
        .include_y(0.0)
        .include_y(1.0)
        .allow_scroll(false)
        .allow_drag(false)
        .allow_zoom(false)
        .show(ui, |plot| {
            for (name, colour, points) in curves {
                plot.line(Line::new(name, PlotPoints::from(points)).color(colour).width(1.8));
            }
        });
}
