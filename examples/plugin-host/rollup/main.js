import camelCase from 'camelcase';
import { favourite } from './colours.json';
import team from './team.yaml';

console.log(camelCase(`${team.lead} likes ${favourite}`));
