//! What stands where in the window.

use super::app::{Control, Viewer};
use super::drawing::{
    DOMAINS, GOOD, SOURCE, TARGET, choice_of_colours, features, legend, on_ground, plot, points, tiles,
};
use dann::train::StepMetrics;
use eframe::egui::{self, Button, Color32, RichText, Slider, Ui, vec2};
use egui_plot::Corner;
use std::time::Duration;

const CONTROLS: f32 = 240.0;
/// Without a fill of its own: the window is cleared in that colour, which costs a processor far less than drawing it.
const FRAME: egui::Frame = egui::Frame { inner_margin: egui::Margin::same(8), ..egui::Frame::NONE };
const PLOTS: f32 = 210.0;
const ACCENT: Color32 = Color32::from_rgb(47, 111, 237);
const BAD: Color32 = Color32::from_rgb(240, 100, 90);

impl Viewer {
    /// What a frame shows.
    pub fn panels(&mut self, ui: &mut Ui) {
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
            ["λ, the weight of the reversed gradient", "λ by schedule"],
            &mut self.lambda,
            last.map(|m| m.lambda),
            |value| Slider::new(value, 0.0..=2.0).fixed_decimals(2),
        );
        let rate = last.map(|m| m.learning_rate);
        control(ui, ["Learning rate", "learning rate by schedule"], &mut self.learning_rate, rate, |value| {
            Slider::new(value, 1e-5..=0.1).logarithmic(true).custom_formatter(|v, _| format!("{v:.5}"))
        });
        ui.separator();
        self.readings(ui, last);
        ui.separator();
        self.choice_of_adapter(ui);
        ui.add_space(8.0);
        let colour = if self.failed { on_ground(ui.visuals(), BAD) } else { ui.visuals().text_color() };
        let message = ui.add(egui::Label::new(RichText::new(&self.message).color(colour)).wrap());
        // Screen readers say it when it changes, wherever the focus is.
        ui.ctx().accesskit_node_builder(message.id, |node| node.set_live(egui::accesskit::Live::Polite));
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
        let tested = session.tested.last().map(|[_, accuracy]| *accuracy as f32);
        let rows = [
            ("Target images right".to_owned(), share(tested)),
            ("Source rows right".into(), share(last.map(|m| m.label_accuracy))),
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
        let label = ui.label("Adapter (another one opens a new window)");
        let list = egui::ComboBox::from_id_salt("adapter")
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
        list.response.labelled_by(label.id);
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
        plot(ui, ("losses", "loss"), PLOTS - 24.0, Corner::RightTop, curves);
    }

    fn rates(&self, ui: &mut Ui) {
        ui.strong("Accuracies and λ");
        let curves = [
            ("labels, source", SOURCE, points(&self.session.curves, |m| Some(m.label_accuracy))),
            ("labels, target", TARGET, self.session.tested.clone()),
            ("domains", DOMAINS, points(&self.session.curves, |m| m.domain_accuracy)),
            ("λ", GOOD, points(&self.session.curves, |m| Some(m.lambda))),
        ];
        plot(ui, ("rates", "share, or λ"), PLOTS - 24.0, Corner::RightBottom, curves);
    }

    fn features(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            ui.strong("Features of the batch, where they vary most");
            choice_of_colours(ui, &mut self.colours);
        });
        legend(ui, self.colours);
        let (scatter, room) = (&self.session.scatter, ui.available_size());
        features(ui, &self.state.queue, scatter, self.colours, room);
    }

    fn pictures(&self, ui: &mut Ui) {
        ui.strong("Target images and what is predicted for them");
        let right = self.session.tested.last().map_or(String::new(), |[_, accuracy]| {
            format!("; of those tested, {:.0} % are predicted rightly", 100.0 * accuracy)
        });
        let images = &self.session.images;
        let words =
            format!("{} target images, the predicted class in the corner of each{right}", images.count);
        tiles(ui, images, 0.72, &words);
        if let Some(filters) = &self.session.filters {
            ui.add_space(6.0);
            ui.strong("Filters of the first layer");
            let words =
                format!("{} filters of the first layer, the largest weight white or black", filters.count);
            tiles(ui, filters, 1.0, &words);
        }
    }
}

/// A value by schedule or by hand.
fn control<'a>(
    ui: &mut Ui,
    [name, scheduled_name]: [&str; 2],
    control: &'a mut Control,
    scheduled: Option<f32>,
    slider: impl FnOnce(&'a mut f32) -> Slider<'a>,
) {
    let label = ui.label(name);
    ui.checkbox(&mut control.by_schedule, "by schedule").accessible_name(scheduled_name);
    if let Some(scheduled) = scheduled.filter(|_| control.by_schedule) {
        // By hand goes on from where the schedule was.
        control.value = scheduled;
    }
    let by_hand = !control.by_schedule;
    ui.spacing_mut().slider_width = 150.0;
    ui.add_enabled(by_hand, slider(&mut control.value)).labelled_by(label.id);
    ui.add_space(6.0);
}
