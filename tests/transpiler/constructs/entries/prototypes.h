#pragma once

static uint32_t parts_double_double(uint32_t value);
void main_start(uint32_t magic) __asm__("image_start");
