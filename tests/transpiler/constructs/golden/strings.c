/* From golden/strings.ts. */

static const String strings_NAMES[3] = {
  {"none", 4},
  {"a \"quoted\" one", 14},
  {"tab\tand \\", 9},
};

#line 5 "golden/strings.ts"
void strings_print(String text) {
#line 6 "golden/strings.ts"
  for (uint32_t i = 0; i < text.length; i = i + 1) {
#line 6 "golden/strings.ts"
    x86_out8(0x3f8, (uint8_t)text.text[i]);
  }
}

#line 9 "golden/strings.ts"
void strings_printName(uint32_t index) {
#line 10 "golden/strings.ts"
  strings_print(index < 3 ? strings_NAMES[index] : STRING("unknown\n"));
}
