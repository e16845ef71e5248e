/** Our icon: a function that answers. */
import { LabIcon } from '@jupyterlab/ui-components';

const DRAWING = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16">
  <g class="jp-icon3" fill="#616161">
    <path d="M12 2 3 7v10l9 5 9-5V7Zm0 2.3L18.8 8 12 11.8 5.2 8Zm-7 5.4 6 3.3v6.6l-6-3.3Zm14 0v6.6l-6 3.3V13Z"/>
  </g>
</svg>`;

export const icon = new LabIcon({ name: 'spinlab:icon', svgstr: DRAWING });
