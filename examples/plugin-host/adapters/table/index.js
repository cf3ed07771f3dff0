import papa from 'papaparse';

export const rows = (text) => papa.parse(text, { header: true }).data;
