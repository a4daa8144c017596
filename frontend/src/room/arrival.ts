/** Where a person is today and who helps in an emergency, as it is typed. Pure. */
import type { Arrival, Arrive, RoomRole } from "../protocol/messages.gen";

export type Told = Omit<Arrive, "type" | "commandId">;
export type Field = "address" | "city" | "state" | "phone" | "emergencyName" | "emergencyPhone";

/** Staff answer for themselves; guests come with somebody we know. */
export const asksArrival = (role: RoomRole): boolean => role === "client" || role === "alumnus";

/** What the form begins with: what was told last time. Being alone is of today. */
export function draftOf(last: Arrival | null): Told {
  if (last === null) {
    return { address: "", city: "", state: "", phone: "", emergencyName: "", emergencyPhone: "", alone: false, headphones: false };
  }
  const { address, city, state, phone, emergencyName, emergencyPhone, alone, headphones } = last;
  return { address, city, state, phone, emergencyName, emergencyPhone, alone, headphones };
}

const digits = (text: string): number => text.replace(/\D/g, "").length;
const LEAST_DIGITS = 7;

/** The fields that still need something, in the order of the form. */
export function missing(told: Told): readonly Field[] {
  const needs: readonly (readonly [Field, boolean])[] = [
    ["address", told.address.trim() === ""],
    ["city", told.city.trim() === ""],
    ["state", !/^[A-Z]{2}$/.test(told.state)],
    ["phone", digits(told.phone) < LEAST_DIGITS],
    ["emergencyName", told.emergencyName.trim() === ""],
    ["emergencyPhone", digits(told.emergencyPhone) < LEAST_DIGITS],
  ];
  return needs.filter(([, needed]) => needed).map(([field]) => field);
}

export function trimmed(told: Told): Told {
  const { address, city, phone, emergencyName, emergencyPhone } = told;
  return {
    ...told,
    address: address.trim(),
    city: city.trim(),
    phone: phone.trim(),
    emergencyName: emergencyName.trim(),
    emergencyPhone: emergencyPhone.trim(),
  };
}

/** Postal codes and names. Source: USPS Publication 28, Appendix B (states, the District, inhabited territories). */
export const STATES: readonly (readonly [string, string])[] = [
  ["AL", "Alabama"], ["AK", "Alaska"], ["AZ", "Arizona"], ["AR", "Arkansas"], ["CA", "California"], ["CO", "Colorado"],
  ["CT", "Connecticut"], ["DE", "Delaware"], ["DC", "District of Columbia"], ["FL", "Florida"], ["GA", "Georgia"],
  ["HI", "Hawaii"], ["ID", "Idaho"], ["IL", "Illinois"], ["IN", "Indiana"], ["IA", "Iowa"], ["KS", "Kansas"],
  ["KY", "Kentucky"], ["LA", "Louisiana"], ["ME", "Maine"], ["MD", "Maryland"], ["MA", "Massachusetts"],
  ["MI", "Michigan"], ["MN", "Minnesota"], ["MS", "Mississippi"], ["MO", "Missouri"], ["MT", "Montana"],
  ["NE", "Nebraska"], ["NV", "Nevada"], ["NH", "New Hampshire"], ["NJ", "New Jersey"], ["NM", "New Mexico"],
  ["NY", "New York"], ["NC", "North Carolina"], ["ND", "North Dakota"], ["OH", "Ohio"], ["OK", "Oklahoma"],
  ["OR", "Oregon"], ["PA", "Pennsylvania"], ["RI", "Rhode Island"], ["SC", "South Carolina"], ["SD", "South Dakota"],
  ["TN", "Tennessee"], ["TX", "Texas"], ["UT", "Utah"], ["VT", "Vermont"], ["VA", "Virginia"], ["WA", "Washington"],
  ["WV", "West Virginia"], ["WI", "Wisconsin"], ["WY", "Wyoming"], ["AS", "American Samoa"], ["GU", "Guam"],
  ["MP", "Northern Mariana Islands"], ["PR", "Puerto Rico"], ["VI", "U.S. Virgin Islands"],
];

export const stateName = (code: string): string => STATES.find(([each]) => each === code)?.[1] ?? code;

/** The part of a text that can be dialled: "Rosa (mother), +1 212-555-0100" → "+12125550100"; null without one. */
export function dialled(text: string): string | null {
  const found = /\+?\d[\d\s().-]*/g;
  const numbers = [...text.matchAll(found)].map(([number]) => number.replace(/[^\d+]/g, "")).filter((number) => number.length >= 3);
  return numbers.sort((one, other) => other.length - one.length)[0] ?? null;
}
