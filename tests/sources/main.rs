//! What the sources say of themselves: modules and what they may use, shaders and what they import.

mod architecture;
mod book;
mod imports;
mod kernels;
mod links;
mod picture;
mod public;
mod rules;
