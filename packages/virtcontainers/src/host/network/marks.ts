/** The preference of our filters, by which they are told from those of others. */
export const filterPreference = 49_001;
/** The handle of our rate limits, in hex. */
export const rateHandle = "bf69";
