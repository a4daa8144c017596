/** The time of day as the pages say it, in the person's own zone: `2:30 PM`, `2:30 p.m.`. */
export function clockIn(language: string, timeZone: string): (at: string | number) => string {
  // The clinics' Spanish is that of the United States: twelve hours, as on every page.
  const tag = language.toLowerCase().startsWith("es") ? "es-US" : language;
  const format = new Intl.DateTimeFormat(tag, { hour: "numeric", minute: "2-digit", timeZone });
  return (at) => format.format(new Date(at)).replace(/([ap])\.\s?m\./, "$1.m.");
}
